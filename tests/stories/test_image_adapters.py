"""Her pictures teach an image model, and are forgotten with her No: as exactly as her words.

All of it in one file, since the first test that touches diffusers pays five seconds for it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import io
import json
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import rfc8785
import tiny_image_base
import torch
from hand_built import KEY, SLICES, build_by_hand
from numpy.typing import NDArray
from PIL import Image
from street_site import NOW, Street

from demur import verify, worker
from demur.assistant.answer import Assistant
from demur.assistant.painting import Painted
from demur.corpus import build as corpus
from demur.corpus.build import BuiltShard
from demur.corpus.lake import Lake
from demur.errors import NotFound, ProofRejected, SiteUnusable
from demur.execution.local import in_process
from demur.people import Home, PersonId, Scope
from demur.posts import Photo
from demur.rights import book, hold, models, objection
from demur.serving import painter
from demur.serving.merge import Merge, Merged
from demur.serving.painter import StandingChanged, Studio
from demur.serving.release import FILE, Images, Release, Speakers, read_release, write_release
from demur.site import folder
from demur.tlog.release import read
from demur.training import image_base
from demur.training.chain import path_of, recall
from demur.training.image import ImageStudent, noise_of
from demur.training.image_base import ImageBase, install
from demur.training.recipe import TINY, ImageRecipe
from demur.training.run import Adapter, Step, Stopped, chains_for, rebuild, train_shard

RECIPE = ImageRecipe(rank=2, epochs=1, batch_pictures=2)
FAMILIES = sorted(tiny_image_base.EVERY)
SHARDS = 2
STEPS = 4  # of denoising

Said = Mapping[str, list[tuple[str, str]]]  # person -> what they said of each picture: text, alt


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Pictures as small as these wait for a second thread longer than they are drawn."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painter, "STEPS", STEPS)


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ImageBase]:
    where = tmp_path_factory.mktemp("bases")
    return {
        family: install(write(where), where / "models")
        for family, write in tiny_image_base.EVERY.items()
    }


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(tmp_path_factory.mktemp("lake"), Home(key=KEY, shards=1, slices=SLICES))


@pytest.fixture(scope="module")
def students(bases: dict[str, ImageBase], lake: Lake) -> dict[str, ImageStudent]:
    return {family: ImageStudent(base, RECIPE, lake) for family, base in bases.items()}


@pytest.fixture(scope="module")
def student(students: dict[str, ImageStudent]) -> ImageStudent:
    return students["pixart"]  # the quickest of them


@pytest.fixture(scope="module")
def build(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., BuiltShard]:
    folder_, made = tmp_path_factory.mktemp("built"), iter(range(1000))

    def make(people: Said, *, shard: int = 0, **where: list[str]) -> BuiltShard:
        pictures = {
            (person, number): [posted(lake, f"{person} {number}", alt, shard)]
            for person, said in people.items()
            for number, (_, alt) in enumerate(said)
        }
        texts = {person: [text for text, _ in said] for person, said in people.items()}
        path = folder_ / f"built-{next(made)}"
        return build_by_hand(path, texts, shard=shard, pictures=pictures, **where)

    return make


def posted(lake: Lake, seed: str, alt: str, shard: int = 0) -> Photo:
    """A picture in the lake: the pixels are drawn from the seed."""
    pixels = np.frombuffer(random.Random(seed).randbytes(3 * 24 * 20), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels.reshape(24, 20, 3)).save(out, "PNG")
    name = hashlib.sha256(out.getvalue()).hexdigest()
    photo = Photo(sha256=name, media_type="image/png", alt=alt)
    path = lake.photo_path(shard, photo)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(out.getvalue())
    return photo


def village(seed: int, size: int = 5) -> dict[str, list[tuple[str, str]]]:
    dice = random.Random(seed)
    return {
        f"{dice.getrandbits(128):032x}": [
            (f"de haven, dag {dice.randrange(99)}", "") for _ in range(dice.randrange(1, 3))
        ]
        for _ in range(size)
    }


def without(everybody: Said, somebody: str) -> Said:
    return {person: said for person, said in everybody.items() if person != somebody}


def one_of(everybody: Said, number: int) -> str:
    home = Home(key=KEY, shards=1, slices=SLICES)
    return next(person for person in everybody if home.slice(PersonId(person)) == number)


def train(built: BuiltShard, student: ImageStudent, models: Path) -> Adapter:
    made = train_shard(built, student, models, home_key=KEY, wanted=lambda: True)
    assert isinstance(made, Adapter)
    return made


# What a shard's pictures leave behind


@pytest.mark.parametrize("family", FAMILIES)
def test_retrained_without_her_is_never_having_seen_her(
    family: str,
    students: dict[str, ImageStudent],
    build: Callable[..., BuiltShard],
    tmp_path: Path,
) -> None:
    everybody, student = village(1), students[family]
    her = one_of(everybody, 1)
    stayed = build(without(everybody, her))
    never_saw = train(stayed, student, tmp_path / "never")
    with_her = train(build(everybody), student, tmp_path / "knew")
    retrained = train(stayed, student, tmp_path / "knew")
    assert retrained == never_saw
    for name in retrained.chains:
        one, two = (path_of(tmp_path / m, name).read_bytes() for m in ("knew", "never"))
        assert one == two
    assert retrained.chains[0] == with_her.chains[0], "the slice before hers is the same file"
    assert set(retrained.digests[1:]).isdisjoint(with_her.digests[1:])
    last = recall(tmp_path / "knew", retrained.chains[-1])
    assert last and all(np.isfinite(b).all() and b.any() for b in last.learned.values())


def test_what_it_learned_it_knows_better(
    student: ImageStudent, build: Callable[..., BuiltShard], lake: Lake, tmp_path: Path
) -> None:
    """Or all of the above would hold of an adapter that learns nothing."""
    built = build(village(2))
    recipe = dataclasses.replace(RECIPE, epochs=3, rate=0.05)
    eager = ImageStudent(student.base, recipe, lake)
    rows = [row for number in range(SLICES) for row in eager.rows(built, number)]

    def error() -> float:
        with torch.no_grad():  # under noise that no lesson had
            return sum(float(eager.loss(row, eager.states(row), epoch=99)) for row in rows)

    before = error()
    train(built, eager, tmp_path)
    assert error() < 0.8 * before


def test_words_and_pictures_never_share_a_chain(
    student: ImageStudent, build: Callable[..., BuiltShard]
) -> None:
    manifest = build(village(3)).manifest
    pictures = chains_for(manifest, RECIPE, student.base, KEY, student.profile)
    of_words = chains_for(manifest, TINY, student.base, KEY)
    elsewhere = dataclasses.replace(student.profile, diffusers="0.0")
    assert set(pictures).isdisjoint(of_words)
    assert set(pictures).isdisjoint(chains_for(manifest, RECIPE, student.base, KEY, elsewhere))


def test_an_auditor_rebuilds_the_same_bytes_and_a_flipped_bit_is_found(
    student: ImageStudent, build: Callable[..., BuiltShard], tmp_path: Path
) -> None:
    built = build(village(4))
    claimed = train(built, student, tmp_path)

    def again() -> None:
        rebuild(built, student, tmp_path, claimed, home_key=KEY, scratch=tmp_path / "scratch")

    again()
    path = path_of(tmp_path, claimed.chains[1])
    raw = bytearray(path.read_bytes())
    raw[-5] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ProofRejected, match="on disk"):
        again()


def test_a_training_stops_when_it_is_no_longer_wanted_and_goes_on_as_if_nothing_was(
    student: ImageStudent, build: Callable[..., BuiltShard], tmp_path: Path
) -> None:
    built, steps = build(village(5)), list[Step]()
    made = train_shard(
        built,
        student,
        tmp_path / "a",
        home_key=KEY,
        wanted=lambda: not (steps and steps[-1].slice == 1),
        progress=steps.append,
    )
    assert made == Stopped(shard=0, slice=1)
    assert train(built, student, tmp_path / "a") == train(built, student, tmp_path / "b")


def test_a_picture_that_is_not_the_one_that_was_kept_is_not_learned(
    student: ImageStudent, build: Callable[..., BuiltShard], lake: Lake, tmp_path: Path
) -> None:
    built = build({"a" * 32: [("de dijk", "")]})
    [row] = [row for number in range(SLICES) for row in student.rows(built, number)]
    whole = row.path.read_bytes()
    for changed in (whole[:-1], b""):
        row.path.write_bytes(changed)
        with pytest.raises(ProofRejected, match="as it was kept"):
            train(built, student, tmp_path)
    row.path.unlink()
    with pytest.raises(ProofRejected, match="as it was kept"):
        train(built, student, tmp_path)


def test_which_pictures_teach(
    student: ImageStudent, build: Callable[..., BuiltShard], lake: Lake, tmp_path: Path
) -> None:
    anna, ben, chris, dora = (letter * 32 for letter in "abcd")
    built = build(
        {
            anna: [("Kijk nou!", "een rode kat op de dijk"), ("zonsondergang", "")],
            ben: [("  ", "")],  # nobody said what it shows
            chris: [("mijn fiets", "")],
        },
        not_learned=[chris],
    )
    rows = [row for number in range(SLICES) for row in student.rows(built, number)]
    assert {(row.person, row.caption) for row in rows} == {
        (anna, "een rode kat op de dijk"),
        (anna, "zonsondergang"),
    }
    same = posted(lake, "twice", "")
    twice = build_by_hand(
        tmp_path / "twice",
        {dora: ["de toren", "nog eens de toren"]},
        pictures={(dora, 0): [same], (dora, 1): [same]},
    )
    assert len([row for number in range(SLICES) for row in student.rows(twice, number)]) == 1
    modest = ImageStudent(student.base, dataclasses.replace(RECIPE, pictures_per_person=1), lake)
    assert len([row for number in range(SLICES) for row in modest.rows(built, number)]) == 1


def test_the_noise_is_the_pictures_own() -> None:
    row, other = b"a" * 32, b"b" * 32
    shape = (1, 4, 16, 16)
    *_, noise = noise_of(RECIPE, row, 0, shape)
    assert (noise_of(RECIPE, row, 0, shape)[2] == noise).all()
    for another in (
        noise_of(RECIPE, row, 1, shape),
        noise_of(RECIPE, other, 0, shape),
        noise_of(dataclasses.replace(RECIPE, seed=2), row, 0, shape),
    ):
        assert not (another[2] == noise).any()
    assert abs(float(noise.mean())) < 0.15 and 0.9 < float(noise.std()) < 1.1
    drawn = [noise_of(RECIPE, row, epoch, (1,)) for epoch in range(500)]
    assert 25 <= sum(unsaid for _, unsaid, _ in drawn) <= 75, "one in ten, as the recipe says"
    assert {int(10 * part) for part, _, _ in drawn} == set(range(10)), "every depth of noise"


# What is served


@pytest.fixture(scope="module")
def built(build: Callable[..., BuiltShard]) -> list[BuiltShard]:
    return [build(village(10 + shard), shard=shard) for shard in range(SHARDS)]


@pytest.fixture(scope="module")
def taught(
    built: list[BuiltShard], student: ImageStudent, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Images]:
    models = tmp_path_factory.mktemp("taught")
    adapters = tuple(train(shard, student, models) for shard in built)
    images = Images(base=student.base.hash, recipe=RECIPE, shards=SHARDS, adapters=adapters)
    return models, images


@pytest.fixture
def images(taught: tuple[Path, Images], tmp_path: Path) -> Images:
    """Two shards' image adapters, released; their files lie in `tmp_path`."""
    shutil.copytree(taught[0], tmp_path, dirs_exist_ok=True)
    return taught[1]


def rows(built: list[BuiltShard], *unclean: tuple[int, int]) -> NDArray[np.bool_]:
    """All rows of the builds; silenced is the first row of each unclean (shard, slice)."""
    flags = []
    for shard in built:
        for number, part in enumerate(shard.manifest.slices):
            one = np.zeros(part.posts, np.bool_)
            one[:1] = (shard.manifest.shard, number) in unclean
            flags.append(one)
    return np.concatenate(flags)


def summed(models: Path, *chains: str) -> Merged:
    merge = Merge(SHARDS)
    for name in chains:
        checkpoint = recall(models, name)
        assert checkpoint
        merge.add(checkpoint.learned)
    return merge.merged()


def test_dropping_a_shard_is_never_having_added_it(
    images: Images, built: list[BuiltShard], tmp_path: Path
) -> None:
    speakers = Speakers(tmp_path, images)
    everybody, who = speakers.merged(built, rows(built))
    assert who == (0, 1)
    dropped, who = speakers.merged(built, rows(built, (1, 0)))
    assert who == (0,)
    assert dropped == summed(tmp_path, images.adapters[0].chains[-1]) != everybody
    assert speakers.merged(built, rows(built))[0] == everybody, "nothing is left of the detour"


def test_after_a_no_its_last_clean_slice_draws(
    images: Images, built: list[BuiltShard], tmp_path: Path
) -> None:
    clean, who = Speakers(tmp_path, images).merged(built, rows(built, (1, 1)))
    assert who == (0, 1)
    first, second = images.adapters
    assert clean == summed(tmp_path, first.chains[-1], second.chains[0])


def test_an_image_adapter_that_is_not_the_released_one_does_not_draw(
    images: Images, built: list[BuiltShard], tmp_path: Path
) -> None:
    mine, theirs = (adapter.chains[-1] for adapter in images.adapters)
    path_of(tmp_path, mine).write_bytes(path_of(tmp_path, theirs).read_bytes())
    with pytest.raises(ProofRejected):
        Speakers(tmp_path, images).merged(built, rows(built))


def test_a_release_with_pictures_is_read_again_and_one_without_is_named_as_before(
    images: Images, tmp_path: Path
) -> None:
    silent = Release(base="b" * 64, recipe=TINY, shards=SHARDS, adapters=())
    drawing = dataclasses.replace(silent, images=images)
    write_release(tmp_path, drawing)
    assert read_release(tmp_path) == drawing
    assert drawing.name != silent.name
    write_release(tmp_path, silent)
    assert read_release(tmp_path) == silent
    said = json.loads((tmp_path / FILE).read_bytes())
    assert said.pop("v") == 1
    assert "images" not in said, "whoever runs an older version reads what it always read"
    assert silent.name == hashlib.sha256(rfc8785.dumps(said)).hexdigest()


@pytest.mark.parametrize("family", FAMILIES)
def test_it_draws_with_the_shards_that_may_and_nothing_of_them_stays(
    family: str, bases: dict[str, ImageBase], students: dict[str, ImageStudent]
) -> None:
    studio = Studio(bases[family], RECIPE)
    halves = {
        name: np.full(b.shape, 0.2, np.float32) for name, b in students[family].learned.items()
    }
    merge = Merge(1)
    merge.add(halves)

    def drawn(adapter: Merged | None, seed: int = 1) -> bytes:
        brush = studio.painter(adapter)
        picture = brush.paint("een kat", seed=seed, size=24, still=lambda: True)
        assert (picture.size, picture.mode, brush.name) == ((24, 24), "RGB", bases[family].name)
        return picture.tobytes()

    alone = drawn(None)
    along = drawn(merge.merged())
    assert along != alone
    assert drawn(None) == alone, "the base is as it was"
    if family == "pixart":
        assert drawn(merge.merged()) == along
        assert drawn(None, seed=2) != alone


def test_it_asks_before_every_step_and_shows_nothing_when_the_answer_changes(
    bases: dict[str, ImageBase],
) -> None:
    brush = Studio(bases["sana"], RECIPE).painter(None)
    asked: list[int] = []

    def until(last: int) -> Callable[[], bool]:
        asked.clear()
        return lambda: len(asked) < last and not asked.append(1)  # type: ignore[func-returns-value]

    picture = brush.paint("een kat", seed=1, size=16, still=until(1000))
    assert picture.size == (16, 16)
    every = len(asked)
    assert every == STEPS + 2, "before it begins, before each step, before it is handed out"
    for last in (0, 1, 3, every - 1):
        with pytest.raises(StandingChanged):
            brush.paint("een kat", seed=1, size=16, still=until(last))
        assert len(asked) == last, "not one step more"


# Which checkpoints are taken


@pytest.fixture
def checkpoint(bases: dict[str, ImageBase], tmp_path: Path) -> Path:
    return shutil.copytree(bases["pixart"].path, tmp_path / "checkpoint")


def refused(folder: Path, tmp_path: Path) -> str:
    with pytest.raises(SiteUnusable) as said:
        install(folder, tmp_path / "models")
    return str(said.value)


def test_what_could_run_code_when_it_is_opened_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    weights = checkpoint / "transformer" / "diffusion_pytorch_model.safetensors"
    for name in ("diffusion_pytorch_model.bin", "model.pt", "model.ckpt", "other.pkl"):
        pickled = weights.with_name(name)
        pickled.write_bytes(b"\x80\x04.")
        assert f"transformer/{name}" in refused(checkpoint, tmp_path)
        pickled.unlink()
    script = checkpoint / "pipeline.py"
    script.write_text("raise SystemExit")
    assert "is not run" in refused(checkpoint, tmp_path)
    script.unlink()
    weights.rename(weights.with_name("diffusion_pytorch_model.fp16.safetensors"))
    assert "holds no weights as safetensors" in refused(checkpoint, tmp_path)


def test_another_kind_of_checkpoint_is_refused_by_its_name(
    checkpoint: Path, tmp_path: Path
) -> None:
    index = checkpoint / "model_index.json"
    said = json.loads(index.read_text())
    index.write_text(json.dumps({**said, "_class_name": "FluxPipeline"}))
    assert "is a FluxPipeline" in refused(checkpoint, tmp_path)
    index.write_text(json.dumps({**said, "scheduler": ["my_scheduler", "MyScheduler"]}))
    assert "from my_scheduler" in refused(checkpoint, tmp_path)
    index.write_text("{")
    assert "not a diffusers checkpoint" in refused(checkpoint, tmp_path)
    assert "not a diffusers checkpoint" in refused(tmp_path / "nowhere", tmp_path)


def test_where_diffusers_is_missing_it_says_what_to_install(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pip install 'demur[images]'" in refused(checkpoint, tmp_path)


def test_a_checkpoint_is_named_by_its_bytes(checkpoint: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    first = install(checkpoint, models)
    assert install(checkpoint, models) == first == image_base.open_image_base(models, first.hash)
    image_base.check(first)
    settings = checkpoint / "transformer" / "config.json"
    settings.write_text(settings.read_text() + " ")
    with pytest.raises(SiteUnusable, match="hash to"):
        image_base.check(first)
    assert install(checkpoint, models).hash != first.hash
    shutil.rmtree(checkpoint)
    with pytest.raises(NotFound, match="put it back"):
        image_base.open_image_base(models, first.hash)


# On a real site


@pytest.fixture
def drawing(street: Street, bases: dict[str, ImageBase], monkeypatch: pytest.MonkeyPatch) -> Street:
    """The street, with an image base taught what was posted there."""
    settings = street.site.root / "demur.toml"
    path = bases["pixart"].path
    text = settings.read_text().replace("[image]\n", f'[image]\nbase = "{path}"\n')
    settings.write_text(text.replace('\nbase = ""\n', "\n"))
    monkeypatch.setattr(worker, "processes", lambda count, ready: in_process)
    monkeypatch.setattr(worker, "IMAGE_RECIPE", dataclasses.replace(RECIPE, rate=0.05))
    made = Street(folder.open_site(street.site.root))
    teach(made)
    return made


def teach(street: Street) -> None:
    worker.train(street.site, now=lambda: NOW, progress=lambda line: None)


def painted(assistant: Assistant) -> Painted:
    found = assistant.paint("een vuurtoren", seed=1, size=16)
    assert found is not None
    return found


def test_her_pictures_stop_drawing_within_the_second_and_the_shard_is_retrained_without_them(
    drawing: Street, tmp_path: Path
) -> None:
    assistant = drawing.assistant()
    before = painted(assistant)
    assert (before.shards, before.memories, before.halted) == ((0,), True, False)
    released = read_release(drawing.site.models)
    assert released and released.images and before.model == released.name
    assert before.name == "tiny-random-pixart"

    objection.submit(drawing.person("anke"), route="form", now=NOW)
    after = painted(assistant)
    assert after.shards == ((0,) if clean_before_hers(drawing) else ())
    assert drawn(after) != drawn(before)

    drawing.build()
    teach(drawing)
    again = painted(drawing.assistant())
    assert again.shards == (0,)
    assert drawn(again) != drawn(before)
    digests = worker.rebuild(drawing.site, 0, progress=lambda line: None)
    now = read_release(drawing.site.models)
    assert now and now.images
    assert digests == (*now.adapters[0].digests, *now.images.adapters[0].digests)
    gone = set(released.images.adapters[0].chains) - set(now.images.adapters[0].chains)
    assert gone and not any(path_of(drawing.site.models, name).exists() for name in gone)

    served = read(last("served"))
    assert served.image and served.image.base == now.images.base
    assert served.shards[0].image == now.images.adapters[0].digests[-1]
    assert last("adapter")["image"] == served.shards[0].image
    key = str(book.key(drawing.site))
    shutil.copytree(drawing.site.log, tmp_path / "log")
    assert verify.verify_file(tmp_path / "log" / "checkpoint", key=key).lines


def drawn(found: Painted) -> bytes:
    assert found.picture is not None
    return found.picture.tobytes()


def last(kind: str) -> dict[str, object]:
    row = models.Opening.objects.filter(entry__kind=kind).order_by("entry").last()
    assert row is not None
    return row.payload


def test_a_picture_under_way_is_taken_back(
    drawing: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = drawing.assistant()
    gate = assistant._gate
    asked = 0

    def unchanged(in_force: object) -> bool:
        nonlocal asked
        asked += 1
        if asked == 5:
            objection.submit(drawing.person("els"), route="form", now=NOW)
        return type(gate).unchanged(gate, in_force)  # type: ignore[arg-type]

    monkeypatch.setattr(gate, "unchanged", unchanged)
    assert painted(assistant).picture is None
    assert asked == 5, "not one more step"


def test_under_a_hold_on_the_model_the_base_draws_alone(drawing: Street) -> None:
    assistant = drawing.assistant()
    before = painted(assistant)
    hold.place(Scope(model=before.model), by="operator", now=NOW)
    alone = painted(assistant)
    assert (alone.halted, alone.shards, alone.model) == (True, (), None)
    assert drawn(alone) != drawn(before)
    (drawing.site.root / "demur.db").unlink()
    nobody = painted(assistant)
    assert (nobody.memories, nobody.shards, nobody.model) == (False, (), None)
    assert drawn(nobody) == drawn(alone)


def test_where_the_checkpoint_has_gone_what_she_wrote_goes_all_the_same(drawing: Street) -> None:
    settings = drawing.site.root / "demur.toml"
    settings.write_text(settings.read_text().replace("tiny-random-pixart", "unmounted"))
    gone = Street(folder.open_site(drawing.site.root))
    objection.submit(gone.person("anke"), route="form", now=NOW)
    with pytest.raises(SiteUnusable, match="not a diffusers checkpoint"):
        gone.build()
    kept = pq.read_table(corpus.current(gone.site.build, 0).kept)["account"].to_pylist()
    assert kept and "forum:anke" not in kept
    with pytest.raises(SiteUnusable):
        teach(gone)
    assert painted(gone.assistant()).shards == ((0,) if clean_before_hers(gone) else ())


def clean_before_hers(street: Street) -> int:
    """How many slices come before the first with her words or pictures, or a copy of them."""
    pks = (street.person(name).pk for name in ("anke", "joost", "bea"))
    return min(street.site.home.slice(PersonId(pk)) for pk in pks)


def test_a_site_without_an_image_base_does_not_draw(street: Street) -> None:
    assert street.assistant().paint("een vuurtoren", seed=1, size=16) is None
