"""`git wild doctor`: try what must work, and say what does not.

To add a check, write a function in an adapter that takes the instance's root and yields a
`Diagnosis` for each fact, and name it in `CHECKS`. It is imported and run only here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import click

from wildgit import errors
from wildgit.core.diagnosis import Diagnosis

# (what the check is about, module, function)
CHECKS = (
    ("instance's files", "wildgit.adapters.checks.instance_files", "diagnose"),
    ("merge driver", "wildgit.adapters.git.merge_driver", "diagnose"),
    ("hooks that guard", "wildgit.adapters.git.hook_canary", "diagnose_guards"),
    ("hooks that deploy", "wildgit.adapters.git.hook_canary", "diagnose_followers"),
    ("cluster", "wildgit.adapters.cluster.diagnosis", "diagnose"),
)

_MARKS = {True: "ok", False: "FAILED", None: "not tried"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def command(as_json: bool) -> int:
    """Prove that merge driver, hooks and cluster work.

    Each check does the real thing where it can: merges in a temporary repository, plants a secret in
    front of a hook, asks the cluster. Exits 1 if any fails.
    """
    from wildgit.adapters.instance import Instance
    from wildgit.adapters.terminal import waiting

    root = Instance.find().root
    failed = False
    # They wait for other programs most of the time, so all of them run at once; they are told in their order.
    with ThreadPoolExecutor(len(CHECKS)) as pool:
        running = [(check[0], pool.submit(_diagnose, root, *check)) for check in CHECKS]
        for about, diagnoses in running:
            with waiting(f"trying the {about}"):
                found = diagnoses.result()
            for diagnosis in found:
                failed |= diagnosis.ok is False
                click.echo(_to_json(diagnosis) if as_json else _to_text(diagnosis))
    return errors.NO if failed else errors.OK


def _diagnose(root: Path, about: str, module: str, function: str) -> list[Diagnosis]:
    check: Callable[[Path], Iterable[Diagnosis]] = getattr(import_module(module), function)
    found: list[Diagnosis] = []
    try:
        found.extend(check(root))  # as far as it comes
    except errors.WildgitError as error:  # one check that can't look must not hide the others
        found.append(Diagnosis(f"the {about} can be checked", False, error.message, error.hint))
    return found


def _to_text(diagnosis: Diagnosis) -> str:
    lines = [f"{_MARKS[diagnosis.ok]:<10}{diagnosis.what}"]
    if diagnosis.detail:
        lines.append(f"          {diagnosis.detail}")
    if diagnosis.hint and diagnosis.ok is False:
        lines.append(f"          hint: {diagnosis.hint}")
    return "\n".join(lines)


def _to_json(diagnosis: Diagnosis) -> str:
    import json
    from dataclasses import asdict

    return json.dumps(asdict(diagnosis))
