"""The table of the rules: the program's own, what a user puts in its place, and what is wrong with it."""

import contextlib
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.labels.rules import LabelRules, Rule, read_rules
from transforms.records import InputError

EFFECTS = """
classes = ["speech", "music", "effects"]
[rules]
effects = [
  { evidence = ["effects_description", "whistle_description"], weight = 0.25, edge_s = 1, edge_weight = 0.125 },
]
[words]
whistle = ["whistl*", "toot"]
[quiet]
level_dbfs = -80
[sync]
rates = { "25/24" = 2 }
reach_s = 10
"""


def read(text: str) -> LabelRules:
    return read_rules(text.encode(), "mine.toml")


class TestDefault:
    def test_every_class_has_rules_and_quiet_has_the_last_word(self) -> None:
        rules = read_rules()
        assert rules.classes == ("speech", "music") == tuple(rules.rules)
        for found in rules.rules.values():
            assert len(found) >= 5
            assert found[-1] == Rule(("quiet",), weight=1, target=0, disputed=0.5)
        assert (rules.words, rules.quiet_dbfs) == ({}, -70)

    def test_what_is_not_given_has_no_effect(self) -> None:
        assert Rule(("cue",), 1.0) == Rule(("cue",), 1.0, 1.0, None, 0.0, 1.0, 0.0, math.inf)

    def test_rates_are_those_of_24_23_976_and_25_frames_a_second(self) -> None:
        assert sorted(read_rules().sync.rates) == pytest.approx(
            [24 / 1.001 / 25, 24 / 25, 1 / 1.001, 1.001, 25 / 24, 25 / 24 * 1.001], rel=2e-6
        )


class TestOwn:
    def test_replace_in_part(self) -> None:
        default, rules = read_rules(), read(EFFECTS)
        assert rules.classes == ("speech", "music", "effects")
        assert {label: rules.rules[label] for label in default.classes} == default.rules
        evidence = ("effects_description", "whistle_description")
        assert rules.rules["effects"] == (Rule(evidence, 0.25, edge_s=1, edge_weight=0.125),)
        assert rules.words == {"whistle": ("whistl*", "toot")}
        assert rules.quiet_dbfs == -80
        assert (rules.sync.rates, rules.sync.reach_s) == ({25 / 24: 2}, 10)
        assert rules.sync.found_score == default.sync.found_score

    def test_one_class_is_enough(self) -> None:
        assert list(read('classes = ["music"]').rules) == ["music"]

    @pytest.mark.parametrize(
        "text", ["", "\ufeff", "# nothing\n", "[rules]\n[sync]\n[quiet]\n[words]\n", "\ufeff[words]\r\n"]
    )
    def test_nothing_replaces_nothing(self, text: str) -> None:
        assert read(text) == read_rules()

    def test_numbers_are_read_alike_with_and_without_a_point(self) -> None:
        one, other = (f'[rules]\nmusic = [{{ evidence = ["cue"], weight = {weight} }}]' for weight in ("1", "1.0"))
        assert repr(read(one)) == repr(read(other))

    def test_nothing_need_be_quiet(self) -> None:
        assert read("[quiet]\nlevel_dbfs = -inf").quiet_dbfs == -math.inf


def test_the_readme_shows_rules_that_can_be_read() -> None:
    text = Path(__file__).parent.with_name("README.md").read_text(encoding="utf-8")
    rules = read(text.split("```toml")[1].split("```")[0])
    assert rules.classes == ("speech", "music", "effects")
    assert len(rules.rules["effects"]) == 3
    assert rules.words == {"effects": ("kerplunk*",)}


def row(text: str) -> str:
    return f"[rules]\nspeech = [{{ evidence = ['lyrics'], weight = 1 }}, {text}]"


FAULTS = [
    ("classes = ", "is not TOML"),
    ("[rules]\n[rules]", "is not TOML"),
    ("classes = 'speech'", "classes: is not a list of texts"),
    ("classes = [1]", "classes: is not a list of texts"),
    ("[classes]\na = 1", "classes: is not a list of texts"),
    ("classes = []", r"classes are \[\]: give different names"),
    ("classes = ['speech', 'music', 'speech']", "classes are .*give different names"),
    ("classes = ['speech', 'a;b']", "classes are .*letters, digits, - and _"),
    ("classes = ['speech', ' ']", "classes are .*letters, digits, - and _"),
    ("classes = ['speech', 'effects']", r"\[rules\] effects: the class has no list of rules"),
    ("[labels]\na = 1", r"tables: 'labels' is unknown \(known: classes, rules, words, quiet, sync\)"),
    ("rules = 5", "rules: is not a table"),
    ("sync = 'a'", "sync: is not a table"),
    ("[rules]\neffects = []", r"\[rules\]: 'effects' is unknown \(known: speech, music\)"),
    ("[rules]\nspeech = []", r"\[rules\] speech: the class has no list of rules"),
    ("[rules]\nspeech = 'dialogue'", r"\[rules\] speech: the class has no list of rules"),
    ("[rules.speech]\nweight = 1", r"\[rules\] speech: the class has no list of rules"),
    (row("'lyrics'"), r"\[rules\] speech, rule 2: is not a table"),
    (row("{ weight = 1 }"), "speech, rule 2: has no evidence"),
    (row("{ evidence = [], weight = 1 }"), "speech, rule 2: has no evidence"),
    (row("{ evidence = ['lyrics'] }"), "speech, rule 2: has no weight"),
    (row("{ evidence = 'lyrics', weight = 1 }"), "speech, rule 2: evidence: is not a list of texts"),
    (row("{ evidence = ['dialog'], weight = 1 }"), "rule 2: evidence: 'dialog' is unknown .*dialogue, lyrics"),
    (row("{ evidence = ['sound'], weight = 1 }"), "rule 2: evidence: 'sound' is unknown"),
    (row("{ evidence = ['horn_description'], weight = 1 }"), "rule 2: evidence: 'horn_description' is unknown"),
    (row("{ evidence = ['lyrics'], wieght = 1 }"), "speech, rule 2: 'wieght' is unknown"),
    (row("{ evidence = ['lyrics'], weight = 1.5 }"), r"speech, rule 2: weight is 1\.5: give a number from 0 to 1"),
    (row("{ evidence = ['lyrics'], weight = -1 }"), "speech, rule 2: weight is -1: give a number from 0 to 1"),
    (row("{ evidence = ['lyrics'], weight = nan }"), "speech, rule 2: weight is nan"),
    (row("{ evidence = ['lyrics'], weight = true }"), "speech, rule 2: weight is True"),
    (row("{ evidence = ['lyrics'], weight = '1' }"), "speech, rule 2: weight is '1'"),
    (row("{ evidence = ['lyrics'], weight = 1, disputed = 2 }"), "rule 2: disputed is 2: give a number from 0 to 1"),
    (row("{ evidence = ['lyrics'], weight = 1, edge_s = -1 }"), "rule 2: edge_s is -1: give a number from 0 to inf"),
    (row("{ evidence = ['lyrics'], weight = 1, target = 0.5 }"), "speech, rule 2: target is neither 0 nor 1"),
    ("[quiet]\nlevel = -70", r"\[quiet\]: 'level' is unknown \(known: level_dbfs\)"),
    ("[quiet]\nlevel_dbfs = 1", r"\[quiet\] level_dbfs is 1: give a number from -inf to 0"),
    ("[quiet]\nlevel_dbfs = 'low'", r"\[quiet\] level_dbfs is 'low'"),
    ("[sync]\nreach = 5", r"\[sync\]: 'reach' is unknown \(known: reach_s, own_score"),
    ("[sync]\nreach_s = -5", r"\[sync\] reach_s is -5"),
    ("[sync]\ndoubtful_trust = 2", r"\[sync\] doubtful_trust is 2: give a number from 0 to 1"),
    ("[sync]\nrates = 1.04", r"\[sync\] rates: is not a table"),
    ("[sync]\nrates = ['25/24']", r"\[sync\] rates: is not a table"),
    ("[sync]\nrates = { fast = 1 }", r"\[sync\] rates: 'fast' is not a ratio between 1/2 and 2"),
    ("[sync]\nrates = { '1/0' = 1 }", r"\[sync\] rates: '1/0' is not a ratio"),
    ("[sync]\nrates = { 24 = 1 }", r"\[sync\] rates: '24' is not a ratio"),
    ("[sync]\nrates = { '25/24' = -1 }", r"\[sync\] rates: 25/24: its score is -1: give a number from 0 to inf"),
    ("[words]\nhorn = 'honk'", r"\[words\] horn: is not a list of texts"),
    ("[words]\nhorn = ['!*']", "vocabulary 'horn': give it a list of words"),
    ("[words]\nhorn = []", "vocabulary 'horn': give it a list of words"),
    ("[words]\n'h-n' = ['honk']", "vocabulary 'h-n': give it a name of letters, digits and _"),
    ("[words]\nhorn = ['honk', '']", r"\[words\] horn: is not a list of texts"),
]


@pytest.mark.parametrize(("text", "message"), FAULTS)
def test_a_fault_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError, match=rf"(?s)^mine\.toml: .*{message}"):
        read(text)


def test_what_is_no_text_is_no_toml() -> None:
    for data in ('classes = ["speech"]'.encode("utf-16"), b"\xff\xfe\x00", b"a = '\xe9'"):
        with pytest.raises(InputError, match="is not TOML"):
            read_rules(data, "mine.toml")


VALUES = st.recursive(
    st.sampled_from(["1", "-1", "true", "nan", "'lyrics'", "''", "1979-05-27", "0.5"]),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda found: f"[{', '.join(found)}]")
        | st.dictionaries(st.sampled_from(["evidence", "weight", "x"]), inner, max_size=2).map(
            lambda found: "{" + ", ".join(f"{key} = {value}" for key, value in found.items()) + "}"
        )
    ),
    max_leaves=4,
)
KEYS = [
    "classes",
    "rules",
    "words",
    "quiet",
    "sync",
    "rules.speech",
    "words.a",
    "quiet.level_dbfs",
    "sync.rates",
    "sync.few_spans",
    "x",
]


@given(st.sampled_from(KEYS), VALUES)
def test_any_value_in_any_place_is_read_or_refused(key: str, value: str) -> None:
    with contextlib.suppress(InputError):
        assert isinstance(read(f"{key} = {value}"), LabelRules)
