"""Scenes of who is who of our own, judged as the benchmark judges: all by the rule, a few by the real service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from by_rule import by_rule

from bench import corpus, identity
from bench.corpus import Scene
from bench.processes import Broken

FILE = Path(__file__).with_name("scenes.jsonl")
SCENES = corpus.read(FILE)
PLAYED = ("third-party/accountants", "number/out-of-date", "numbering/the-right-unit")
"""What hangs on more than the rule: on the contacts' firms, on numbers, on who holds a customer."""


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.case)
def test_the_rule_decides_as_a_bookkeeper_would(scene: Scene) -> None:
    """Nobody else's record, none twice, and no question but where a bookkeeper would ask or asking does no harm."""
    got = by_rule(scene)

    assert got
    assert {key: "right" for key in got if key in scene.truth} == {
        key: said for key, said in corpus.judge(scene, got).items() if key in got
    }


@pytest.mark.parametrize("scene", [one for one in SCENES if one.case in PLAYED], ids=lambda scene: scene.case)
def test_the_service_does_what_the_rule_says(scene: Scene) -> None:
    """The whole way: records at both vendors, the service connected, something happens, and what came of it."""
    assert {"right"} == set(corpus.judge(scene, identity.play(scene)).values())


def test_the_recipe_takes_whoever_has_the_address(tmp_path: Path) -> None:
    """What the guide does is really done: a bookkeepers' address makes their record the customer's."""
    (scene,) = (one for one in SCENES if one.case == "third-party/accountants")

    assert {"x1.company": "h1", "x1.contact": "c1"} == identity.play_recipe(scene)


@pytest.mark.parametrize(
    ("truth", "got", "verdict"),
    [
        ("h1", "h1", "right"),
        ("h1", "h2", "wrong_link"),
        ("new", "h1", "wrong_link"),
        ("h1", "new", "doubled"),
        ("h1", "h1+new", "doubled"),
        ("none", "new", "made_though_none"),
        ("h1", "ask", "needless_ask"),
        ("h1", "none", "missed"),
        (["ask", "new"], "ask", "right"),
    ],
)
def test_answers_are_judged(tmp_path: Path, truth: object, got: str, verdict: str) -> None:
    """Each way of being wrong has its name, and is counted under it."""
    file = tmp_path / "one.jsonl"
    one = {"case": "a/b", "direction": "to_hubspot", "hubspot": {}, "xero": {"contacts": []}, "why": "It is so."}
    file.write_text(json.dumps({**one, "truth": {"x1.company": truth}}), "utf-8")
    (scene,) = corpus.read(file)

    judged = corpus.judge(scene, {"x1.company": got})

    assert {"x1.company": verdict} == judged
    counted = corpus.score([judged])
    assert (1, int(verdict == "right")) == (counted["scenes"], counted["right"])
    assert verdict == "right" or counted[verdict] == 1


def test_a_question_about_the_other_record_is_right_too(tmp_path: Path) -> None:
    """Where the company is a question, a contact for whom nothing may be made is right to wait with it."""
    scene = Scene("a/b", False, [], [], [], [], {"x1.company": ["ask"], "x1.contact": ["none"]})

    assert {"x1.company": "right", "x1.contact": "right"} == corpus.judge(
        scene, {"x1.company": "ask", "x1.contact": "ask"}
    )
    assert not scene.decided_alone


def test_a_file_that_is_no_corpus_is_said(tmp_path: Path) -> None:
    """The line that cannot be read is named."""
    file = tmp_path / "bad.jsonl"
    file.write_text('\n{"case": "a/b"}\n', "utf-8")

    with pytest.raises(Broken, match=r"line 2 of .*bad\.jsonl is no scene"):
        corpus.read(file)
