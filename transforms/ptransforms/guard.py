"""A step that can fail has two outputs, its results and its ``failures``; nothing is lost in a log line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import apache_beam as beam

from transforms.records import Failure, Severity, Title

FAILURES = "failures"
# The namespace of the counters.
METRICS = "smad"


class _Guarded(beam.DoFn):
    """Yield what ``function`` yields; its failures, returned or raised, go to the output ``failures``."""

    def __init__(self, stage: str, function: Callable[[Any], Iterable[Any]], severity: Severity) -> None:
        self._stage, self._function, self._severity = stage, function, severity

    def process(self, element: Any) -> Iterator[Any]:
        try:
            for output in self._function(element):
                yield beam.pvalue.TaggedOutput(FAILURES, output) if isinstance(output, Failure) else output
        # Whatever a title does to a step must not stop the others: the local runner never retries.
        except Exception as error:
            yield beam.pvalue.TaggedOutput(FAILURES, failure(element, self._stage, error, self._severity))
            if self._severity == "warning":
                yield element


def guarded(
    stage: str, function: Callable[[Any], Iterable[Any]], severity: Severity = "error", gives: Any = Any
) -> beam.PTransform:
    """Make a step of two outputs, results (of type ``gives``) and ``failures``, from a function that yields either.

    An element that the function raises for is lost to an ``error``; after a ``warning`` it goes on as it was.
    """
    step = beam.ParDo(_Guarded(stage, function, severity)).with_output_types(gives)
    return step.with_outputs(FAILURES, main="results")


def failure(element: Any, stage: str, error: Exception, severity: Severity = "error") -> Failure:
    """Describe what ``error`` did to an element: a title, or a record that has one."""
    title = getattr(element, "title", element)
    name, uri = (title.title_id, title.uri) if isinstance(title, Title) else ("", str(element))
    return Failure(name, uri, stage, type(error).__name__, str(error) or repr(error), severity)
