"""Training: the loss by hand, an overfit, and taking up what was interrupted."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import crnn
import crnn.train
import crnn.training
from crnn.augment import SpecAugment
from crnn.checkpoint import HEADER, VERSION, read_checkpoint
from crnn.dataset import Example, ShardDataset, find_shards
from crnn.model import NETWORKS, Config
from crnn.progress import EpochLines
from crnn.train import main, train
from crnn.training import Recipe, Shards, Training, plateaus, rate_share, warmup_share, weighted_loss
from transforms.activity import RAW, Decision
from transforms.decide import Choice
from transforms.metrics import Counts
from transforms.records import InputError
from transforms.storage import read_table, write_table
from transforms.tables import SHARDS

# Lightning's hints are not about these tests.
pytestmark = pytest.mark.filterwarnings(r"ignore::Warning:lightning\..*")
WriteShard = Callable[..., Path]
SMALL = Config(mels=16, channels=(4, 8, 8), recurrent=8, dropout=0.0)


class TestWeightedLoss:
    def test_by_hand(self) -> None:
        logits = torch.tensor([[[0.0, 2.0, -1.0]]])
        targets = torch.tensor([[[1.0, 0.0, 0.5]]])
        weights = torch.tensor([[[1.0, 0.5, 0.2]]])
        one = math.log(2)
        two = math.log(1 + math.exp(2))
        three = 0.5 * math.log(1 + math.exp(1)) + 0.5 * math.log(1 + math.exp(-1))
        by_hand = (one + 0.5 * two + 0.2 * three) / 1.7
        assert float(weighted_loss(logits, targets, weights)) == pytest.approx(by_hand, rel=1e-6)

    def test_unknown_frames_have_no_say_and_no_gradient(self) -> None:
        random = torch.Generator().manual_seed(0)
        logits = torch.randn(2, 2, 100, generator=random, requires_grad=True)
        targets = torch.rand(2, 2, 100, generator=random)
        weights = torch.ones(2, 2, 100)
        weights[:, 1, 30:] = 0
        loss = weighted_loss(logits, targets, weights)
        other = targets.clone()
        other[:, 1, 30:] = 1 - other[:, 1, 30:]
        assert torch.equal(weighted_loss(logits, other, weights), loss)
        loss.backward()  # type: ignore[no-untyped-call]
        assert logits.grad is not None
        assert not logits.grad[:, 1, 30:].any()
        assert logits.grad[:, 0].all()

    def test_nothing_known_is_no_loss_and_no_division_by_zero(self) -> None:
        logits = torch.full((1, 2, 100), 50.0, requires_grad=True)
        loss = weighted_loss(logits, torch.zeros(1, 2, 100), torch.zeros(1, 2, 100))
        loss.backward()  # type: ignore[no-untyped-call]
        assert loss.item() == 0
        assert logits.grad is not None
        assert not logits.grad.any()

    def test_the_scale_of_the_weights_does_not_matter(self) -> None:
        logits, targets = torch.randn(2, 1, 2, 100, generator=torch.Generator().manual_seed(0)).sigmoid()
        weights = torch.rand(1, 2, 100, generator=torch.Generator().manual_seed(1))
        half = weighted_loss(logits, targets, weights / 2)
        assert torch.allclose(weighted_loss(logits, targets, weights), half)


@pytest.mark.parametrize("steps", [1, 2, 7, 100, 10_001])
def test_the_rate_rises_then_falls_to_nothing(steps: int) -> None:
    shares = [rate_share(step, steps) for step in range(steps + 1)]
    assert all(0 <= share <= 1 for share in shares)
    peak = shares.index(max(shares))
    assert shares[peak] == pytest.approx(1, abs=0.01) or steps < 20
    assert shares[0] > 0
    assert shares[: peak + 1] == sorted(shares[: peak + 1])
    assert shares[peak:] == sorted(shares[peak:], reverse=True)
    assert shares[-1] == pytest.approx(0, abs=1e-9) or steps == 1


@pytest.mark.parametrize("seed", range(20))
def test_the_rate_is_cut_as_torch_does_on_a_plateau(seed: int) -> None:
    losses = (0.7 + 0.01 * torch.randn(60, generator=torch.Generator().manual_seed(seed)).cumsum(0)).abs().tolist()
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    torchs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=5)
    for number, loss in enumerate(losses, 1):
        torchs.step(loss)
        assert 0.3 ** plateaus(losses[:number]) == pytest.approx(torchs.get_last_lr()[0])


def test_the_rate_stays_after_warming_up() -> None:
    shares = [warmup_share(step, 100) for step in range(100)]
    assert shares[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert set(shares[5:]) == {1.0}


def recipe(**changes: Any) -> Recipe:
    return Recipe(**{"epochs": 4, "batch_size": 2, "device": "cpu", "learning_rate": 3e-3, **changes})


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NETWORKS, "light", SMALL)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory, write_shard: WriteShard) -> str:
    folder = tmp_path_factory.mktemp("shards")
    write_shard(folder, "train", "a", segments=2)
    write_shard(folder, "valid", "b", segments=1, first=3)
    return str(folder)


@pytest.fixture
def losses(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, float]]:
    """Collect (epoch, training loss)."""
    seen: list[tuple[int, float]] = []

    def note(self: EpochLines, trainer: Any, pl_module: Any) -> None:
        seen.append((trainer.current_epoch, float(trainer.callback_metrics["train_loss"])))

    monkeypatch.setattr(EpochLines, "on_train_epoch_end", note)
    return seen


@pytest.fixture
def seeds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Collect the seeds of the orders in which training segments were taken."""
    seen: list[int] = []
    iterate = ShardDataset.__iter__

    def note(self: ShardDataset) -> Iterator[Example]:
        if self._seed is not None:
            seen.append(self._seed)
        yield from iterate(self)

    monkeypatch.setattr(ShardDataset, "__iter__", note)
    return seen


def content(path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = torch.load(path, weights_only=True)
    return loaded


def test_two_segments_are_learnt_by_heart(shards: str, tmp_path: Path, losses: list[tuple[int, float]]) -> None:
    output = str(tmp_path / "m.ckpt")
    train([shards], output, recipe(epochs=25, learning_rate=2e-2))
    assert [epoch for epoch, _ in losses] == list(range(25))
    assert losses[0][1] > 0.5
    assert losses[-1][1] < 0.5 * losses[0][1]
    activity = crnn.load(output)
    wave, targets, _ = next(iter(ShardDataset(find_shards([shards], "train"))))
    with torch.no_grad():
        heard = activity(wave[None]).sigmoid()[0] > 0.5
    assert (heard == (targets > 0.5)).float().mean() > 0.9


def test_the_checkpoint_serves_and_says_what_it_is(shards: str, tmp_path: Path) -> None:
    output = str(tmp_path / "sub folder" / "m.v1.ckpt")
    train([shards], output, recipe(epochs=2))
    assert [path.name for path in (tmp_path / "sub folder").glob("*.ckpt")] == ["m.v1.ckpt"]
    header = read_checkpoint(output).header
    assert header.config == SMALL
    assert header.data_digest == find_shards([shards], "train").digest
    assert header.metrics["valid_loss"] > 0
    assert content(output)["epoch"] in (1, 2)


def test_the_best_epoch_serves_not_the_last(shards: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[dict[str, torch.Tensor]] = []
    losses = iter([0.9, 0.2, 0.5, 0.7])

    def validate(self: Training, batch: Any, _: int) -> None:
        kept.append({name: value.clone() for name, value in self.model.state_dict().items()})
        self.log("valid_loss", next(losses), batch_size=1)

    monkeypatch.setattr(Training, "validation_step", validate)
    output = str(tmp_path / "m.ckpt")
    train([shards], output, recipe(epochs=4))
    checkpoint = read_checkpoint(output)
    assert checkpoint.header.metrics == pytest.approx({"valid_loss": 0.2, "epoch": 1})
    assert torch.equal(checkpoint.weights["linear.weight"], kept[1]["linear.weight"])
    assert not torch.equal(checkpoint.weights["linear.weight"], kept[3]["linear.weight"])


class TestDecisions:
    @pytest.fixture
    def heard(self, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """Collect what decisions are chosen on; the n-th choice has n tenths as its lower level."""
        seen: list[Any] = []

        def choose(*heard: Any) -> tuple[Choice, ...]:
            *parts, before = heard
            assert before == (RAW, RAW)
            seen.append(parts)
            return (Choice(Decision(0.8, len(seen) / 10, 0.2, 0.4), Counts(3, 1, 1), Counts(1, 1, 1)),) * 2

        monkeypatch.setattr(crnn.training, "choose", choose)
        return seen

    def test_are_chosen_on_the_validation_segments_and_kept(
        self, shards: str, tmp_path: Path, heard: list[Any]
    ) -> None:
        output = str(tmp_path / "m.ckpt")
        train([shards], output, recipe(epochs=1))
        model = crnn.load(output)
        wave, *labels = next(iter(ShardDataset(find_shards([shards], "valid"))))
        ((probability, *known),) = heard
        with torch.no_grad():
            assert probability == pytest.approx(model(wave[None]).sigmoid().numpy(), abs=1e-4)
        for ours, theirs in zip(known, labels, strict=True):
            assert (ours == theirs[None].numpy()).all()
        assert model.config.decisions == (Decision(0.8, 0.1, 0.2, 0.4),) * 2
        metrics = read_checkpoint(output).header.metrics
        assert metrics["speech_f_score"] == pytest.approx(0.75)
        assert metrics["music_error_rate_raw"] == pytest.approx(1)

    def test_are_those_of_the_best_epoch_also_after_a_break(
        self, shards: str, tmp_path: Path, heard: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        losses = iter([0.5, 0.2, 0.9, 0.8])
        monkeypatch.setattr(crnn.training, "weighted_loss", lambda logits, *_: logits.mean() * 0 + next(losses))
        monkeypatch.setattr(Training, "training_step", lambda self, batch, _: self.model(batch[0]).mean())
        output = str(tmp_path / "m.ckpt")
        for epochs in (2, 4):
            train([shards], output, recipe(epochs=epochs))
        assert len(heard) == 2
        assert all(len(probability) == 1 for probability, *_ in heard)
        assert read_checkpoint(output).header.config.decisions == (Decision(0.8, 0.2, 0.2, 0.4),) * 2

    def test_of_a_minute_of_validation_are_raw(self, shards: str, tmp_path: Path) -> None:
        output = str(tmp_path / "m.ckpt")
        train([shards], output, recipe(epochs=1))
        assert read_checkpoint(output).header.config.decisions == (RAW, RAW)


def test_processes_put_together_what_they_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    other = torch.ones(3, 2, 2, 100)

    def gather(parts: list[torch.Tensor], mine: torch.Tensor) -> None:
        parts[:] = [mine, other]

    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(torch.distributed, "all_gather_object", gather)
    module = Training(SMALL, Recipe(), "")
    module.heard = [torch.zeros(3, 1, 2, 100)]
    assert module._all_heard()[:, :, 0, 0].tolist() == [[0.0, 1.0, 1.0]] * 3
    assert module._all_heard().shape == other.shape  # what was taken is not there again


class TestResume:
    def interrupt(self, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        """Break off in the epoch after ``after`` whole ones."""

        def stop(self: EpochLines, trainer: Any, pl_module: Any) -> None:
            if trainer.current_epoch == after:
                raise RuntimeError("the power is out")

        monkeypatch.setattr(EpochLines, "on_train_epoch_end", stop)

    def test_goes_on_where_it_broke_off(
        self, shards: str, tmp_path: Path, seeds: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        output = str(tmp_path / "m.ckpt")
        with monkeypatch.context() as patched:
            self.interrupt(patched, after=2)
            with pytest.raises(RuntimeError, match="power is out"):
                train([shards], output, recipe())
        half = content(output)
        assert half["global_step"] == 2
        train([shards], output, recipe())
        whole = content(output)
        assert whole["global_step"] == 4
        assert whole["lr_schedulers"][0]["last_epoch"] == 4
        assert seeds == [0, 1, 2, 2, 3]  # epoch 2 was begun twice, in the same order

    def test_equals_training_in_one_go(self, shards: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # Without dropout (as in SMALL) and without masks nothing is drawn at random but the order.
        made = Training.__init__

        def unmasked(self: Training, *args: Any) -> None:
            made(self, *args)
            self.masks = torch.nn.Sequential()

        monkeypatch.setattr(Training, "__init__", unmasked)
        outputs = [str(tmp_path / name) for name in ("straight.ckpt", "broken.ckpt")]
        train([shards], outputs[0], recipe())
        with monkeypatch.context() as patched:
            self.interrupt(patched, after=2)
            with pytest.raises(RuntimeError, match="power is out"):
                train([shards], outputs[1], recipe())
        train([shards], outputs[1], recipe())
        straight, broken = (content(output)["state_dict"] for output in outputs)
        for name, weight in straight.items():
            assert torch.allclose(weight, broken[name], atol=1e-6), name

    def test_keeps_the_best_of_before(self, shards: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        losses = iter([0.2, 0.5, 0.6, 0.7, 0.8])
        monkeypatch.setattr(
            Training,
            "validation_step",
            lambda self, batch, _: self.log("valid_loss", next(losses), batch_size=1),
        )
        output = str(tmp_path / "m.ckpt")
        with monkeypatch.context() as patched:
            self.interrupt(patched, after=2)
            with pytest.raises(RuntimeError, match="power is out"):
                train([shards], output, recipe())
        best = read_checkpoint(output).weights
        train([shards], output, recipe())
        after = read_checkpoint(output)
        assert after.header.metrics == pytest.approx({"valid_loss": 0.2, "epoch": 0})
        assert all(torch.equal(weight, after.weights[name]) for name, weight in best.items())

    def test_what_is_done_is_left_alone(self, shards: str, tmp_path: Path) -> None:
        output = str(tmp_path / "m.ckpt")
        train([shards], output, recipe(epochs=1))
        before = read_checkpoint(output)
        train([shards], output, recipe(epochs=1))
        after = read_checkpoint(output)
        assert after.header == before.header
        assert all(torch.equal(weight, after.weights[name]) for name, weight in before.weights.items())
        assert content(output)["global_step"] == 1

    def test_other_shards_are_refused_unless_overwritten(
        self, shards: str, tmp_path: Path, write_shard: WriteShard
    ) -> None:
        output = str(tmp_path / "m.ckpt")
        train([shards], output, recipe(epochs=1))
        write_shard(tmp_path, "train", "z", segments=1, first=9)
        with pytest.raises(InputError, match="was trained on other shards; give another --output, or --overwrite"):
            train([str(tmp_path)], output, recipe(epochs=1))
        train([str(tmp_path)], output, recipe(epochs=1), overwrite=True)
        assert read_checkpoint(output).header.data_digest == find_shards([str(tmp_path)], "train").digest

    def test_something_else_in_its_place_is_not_overwritten(self, shards: str, tmp_path: Path) -> None:
        (tmp_path / "m.ckpt").write_bytes(b"my only copy of something")
        with pytest.raises(InputError, match="not a checkpoint of smad"):
            train([shards], str(tmp_path / "m.ckpt"), recipe(epochs=1))
        assert (tmp_path / "m.ckpt").read_bytes() == b"my only copy of something"


def test_the_same_seed_gives_the_same_weights(shards: str, tmp_path: Path) -> None:
    weights = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train([shards], str(tmp_path / name), recipe(epochs=1, seed=seed))
        weights.append(read_checkpoint(str(tmp_path / name)).weights["linear.weight"])
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_without_validation_the_last_epoch_serves(tmp_path: Path, write_shard: WriteShard) -> None:
    write_shard(tmp_path, "train", "a", segments=1)
    output = str(tmp_path / "m.ckpt")
    train([str(tmp_path)], output, recipe(epochs=2))
    checkpoint = read_checkpoint(output)
    assert checkpoint.header.metrics == {}
    last = content(output)["state_dict"]["model.linear.weight"]
    assert torch.equal(checkpoint.weights["linear.weight"], last)


def test_a_plateau_cuts_the_rate(shards: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Training, "validation_step", lambda self, batch, _: self.log("valid_loss", 1.0, batch_size=1))
    output = str(tmp_path / "m.ckpt")
    train([shards], output, recipe(epochs=10, schedule="plateau"))
    assert content(output)["valid_losses"] == [1.0] * 10
    assert content(output)["optimizer_states"][0]["param_groups"][0]["lr"] == pytest.approx(0.3 * 3e-3)


def test_a_plateau_needs_validation(tmp_path: Path, write_shard: WriteShard) -> None:
    write_shard(tmp_path, "train", "a", segments=1)
    with pytest.raises(InputError, match=r"no segments in valid/.*which --schedule plateau goes by"):
        train([str(tmp_path)], str(tmp_path / "m.ckpt"), recipe(schedule="plateau"))


def test_patience_stops_early(shards: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Training, "validation_step", lambda self, batch, _: self.log("valid_loss", 1.0, batch_size=1))
    output = str(tmp_path / "m.ckpt")
    train([shards], output, recipe(epochs=9, patience=2))
    assert content(output)["global_step"] == 3


@pytest.fixture(scope="module")
def start(shards: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give a checkpoint of a network that no name stands for."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(NETWORKS, "light", replace(SMALL, recurrent=6))
        path = str(tmp_path_factory.mktemp("start") / "start.ckpt")
        train([shards], path, recipe(epochs=2))
    return path


class TestInit:
    @pytest.fixture
    def loss_of_epochs(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """Give a list whose losses, first that before training, are validated in place of the real ones."""
        losses: list[float] = []
        monkeypatch.setattr(
            Training, "validation_step", lambda self, *_: self.log("valid_loss", losses.pop(0), batch_size=1)
        )
        return losses

    def same(self, one: str, other: str) -> bool:
        a, b = read_checkpoint(one).weights, read_checkpoint(other).weights
        return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)

    def test_begins_from_its_weights_and_network(
        self, shards: str, start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun: list[dict[str, torch.Tensor]] = []

        def note(self: Training) -> None:
            begun.append({name: value.clone() for name, value in self.model.state_dict().items()})

        monkeypatch.setattr(Training, "on_train_start", note)
        output = str(tmp_path / "m.ckpt")
        train([shards], output, recipe(epochs=1), init=start)
        before, after = read_checkpoint(start), read_checkpoint(output)
        assert all(torch.equal(begun[0][name], value) for name, value in before.weights.items())
        assert after.header.config == before.header.config == replace(SMALL, recurrent=6)
        last = content(output)["state_dict"]["model.linear.weight"]
        assert not torch.equal(last, before.weights["linear.weight"])

    def test_serves_until_something_is_better(
        self, shards: str, start: str, tmp_path: Path, loss_of_epochs: list[float]
    ) -> None:
        for losses, epoch, kept in (([0.3, 0.4, 0.5], -1, True), ([0.3, 0.4, 0.2], 1, False)):
            loss_of_epochs[:] = losses
            output = str(tmp_path / f"{epoch}.ckpt")
            train([shards], output, recipe(epochs=2), init=start)
            assert read_checkpoint(output).header.metrics == pytest.approx({"valid_loss": min(losses), "epoch": epoch})
            assert self.same(output, start) is kept

    def test_is_validated_as_any_epoch_is(self, shards: str, start: str, tmp_path: Path) -> None:
        output = str(tmp_path / "m.ckpt")
        train([shards], output, recipe(epochs=1, learning_rate=50), init=start)
        metrics = read_checkpoint(output).header.metrics
        assert metrics["epoch"] == -1
        assert metrics["valid_loss"] == pytest.approx(read_checkpoint(start).header.metrics["valid_loss"], rel=1e-4)
        assert self.same(output, start)

    def test_a_resumed_run_does_not_begin_again(
        self, shards: str, start: str, tmp_path: Path, loss_of_epochs: list[float]
    ) -> None:
        loss_of_epochs[:] = [0.3, 0.2, 0.4]
        output = str(tmp_path / "m.ckpt")
        train([shards], output, recipe(epochs=1), init=start)
        best = read_checkpoint(output).weights
        train([shards], output, recipe(epochs=2), init=str(tmp_path / "no longer there.ckpt"))
        after = read_checkpoint(output)
        assert not loss_of_epochs  # each epoch's once
        assert after.header.metrics == pytest.approx({"valid_loss": 0.2, "epoch": 0})
        assert all(torch.equal(weight, after.weights[name]) for name, weight in best.items())
        assert content(output)["global_step"] == 2

    def test_without_validation_the_last_epoch_serves(
        self, start: str, tmp_path: Path, write_shard: WriteShard
    ) -> None:
        write_shard(tmp_path, "train", "a", segments=1)
        output = str(tmp_path / "m.ckpt")
        train([str(tmp_path)], output, recipe(epochs=1), init=start)
        last = content(output)["state_dict"]["model.linear.weight"]
        assert torch.equal(read_checkpoint(output).weights["linear.weight"], last)

    def test_of_other_classes_is_refused(self, shards: str, tmp_path: Path, start: str) -> None:
        path = str(tmp_path / "other.ckpt")
        other = content(start)
        other[HEADER]["config"]["classes"] = ["speech", "laughter"]
        torch.save(other, path)
        with pytest.raises(InputError, match="is of speech, laughter, the shards are of speech, music: prepare them"):
            train([shards], str(tmp_path / "m.ckpt"), recipe(), init=path)

    @pytest.mark.parametrize("option", [("--network", "live"), ("--front-end", "pcen")])
    def test_has_a_network_of_its_own(
        self, shards: str, start: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, str]
    ) -> None:
        fixed = ("--shards", shards, "--output", f"{tmp_path}/m.ckpt", "--init", start)
        assert main([*fixed, *option]) == 2
        assert "--init has a network of its own: leave out --network and --front-end" in capsys.readouterr().err

    @pytest.mark.parametrize(("options", "rate"), [((), 1e-4), (("--learning-rate", "0.002"), 0.002)])
    def test_steps_are_small_unless_told_otherwise(
        self, shards: str, start: str, tmp_path: Path, options: tuple[str, ...], rate: float
    ) -> None:
        output = f"{tmp_path}/m.ckpt"
        fixed = ("--shards", shards, "--output", output, "--device", "cpu", "--epochs", "1", "--init", start)
        assert main([*fixed, *options]) == 0
        assert content(output)["lr_schedulers"][0]["base_lrs"] == [rate]


class TestCommandLine:
    def run(self, *arguments: str) -> int:
        return main([*arguments, "--device", "cpu", "--epochs", "1"])

    def test_trains(self, shards: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run("--shards", shards, "--output", f"{tmp_path}/m.ckpt") == 0
        printed = capsys.readouterr()
        assert f"checkpoint: {tmp_path}/m.ckpt" in printed.out
        assert "epoch 1/1" in printed.err

    @pytest.mark.parametrize("folder", ["", "none"])
    def test_without_shards(self, tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: str) -> None:
        assert self.run("--shards", str(tmp_path / folder), "--output", f"{tmp_path}/m.ckpt") == 2
        assert "no segments in train/*.parquet; make them with smad prepare" in capsys.readouterr().err
        assert not (tmp_path / "m.ckpt").exists()

    def test_help_has_examples(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as done:
            main(["--help"])
        assert done.value.code == 0
        assert "smad train --shards shards --output model.ckpt" in capsys.readouterr().out


def test_a_checkpoint_says_that_it_is_ours(shards: str, tmp_path: Path) -> None:
    train([shards], str(tmp_path / "m.ckpt"), recipe(epochs=1))
    assert content(str(tmp_path / "m.ckpt"))[HEADER]["version"] == VERSION


def test_training_is_balanced_and_validation_is_not(tmp_path: Path, write_shard: WriteShard) -> None:
    for title_id, language, segments, first in (("a", "en", 16, 1), ("b", "fr", 1, 17)):
        path = str(write_shard(tmp_path, "train", title_id, segments=segments, first=first))
        write_table(path, SHARDS, [row | {"language": language} for row in read_table(path) or []])
    found = find_shards([str(tmp_path)], "train")

    def segments_of(loader: Any) -> list[int]:
        return [round(float(last) * 32768) for wave, _, _ in loader for last in wave[:, -1]]

    for balance, times in ((0.0, {1}), (1.0, {8, 9})):  # of 17 segments
        data = Shards(found, found, Recipe(balance=balance))
        assert segments_of(data.train_dataloader()).count(17) in times
        assert segments_of(data.val_dataloader()) == list(range(1, 18))


def test_a_mask_hides_the_same_of_both_front_ends() -> None:
    bands = torch.rand(4, 2 * SMALL.mels, 160) + 1
    masked = SpecAugment(SMALL.mels)(bands)
    hidden = masked == 0
    assert torch.equal(*hidden.chunk(2, 1))
    assert 0 < hidden.float().mean() < 1
    assert torch.equal(masked, torch.where(hidden, 0, bands))
