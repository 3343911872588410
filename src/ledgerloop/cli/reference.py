"""Write the page that lists every command: ``python -m ledgerloop.cli.reference > docs/cli.md``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from ledgerloop.cli.commands import COMMANDS, loaded

_HEAD = """# Commands

<!-- Made by `python -m ledgerloop.cli.reference`. Change the commands' own help, not this page. -->

Every command says what is wrong in one sentence on standard error.
Its exit status is 0 when all went well, 2 when a setting or an option must be changed, and 1 for everything else.
`python -m ledgerloop` is the same as `ledgerloop`.
`ledgerloop --version` prints the version.
`ledgerloop --install-completion` teaches your shell to complete commands and options.
"""


def reference_text() -> str:
    """Render the page from the commands themselves, a heading for each."""
    lines = [_HEAD]
    for name, command in _commands("ledgerloop", {name: loaded(name) for name in COMMANDS}):
        usage = "".join(f" {_name(one).upper()}" for one in command.params if one.param_type_name == "argument")
        lines += [f"## {name}", "", *_sentences(command.help), "", "```", f"{name} [OPTIONS]{usage}", "```", ""]
        lines += [f"- {_param(one)}" for one in command.params] + [""]
    return "\n".join(lines).rstrip() + "\n"


def _commands(prefix: str, commands: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, command in commands.items():
        if hasattr(command, "commands"):
            yield from _commands(f"{prefix} {name}", command.commands)
        else:
            yield f"{prefix} {name}", command


def _param(one: Any) -> str:
    option = one.param_type_name == "option"
    names = ", ".join(f"`{name}`" for name in (one.opts if option else [_name(one).upper()]))
    unsaid = one.default in (None, "", 0) or isinstance(one.default, bool)
    return f"{names}: {one.help}" + ("" if unsaid else f" Default: `{one.default}`.")


def _name(one: Any) -> str:
    return str(one.name)


def _sentences(text: str) -> list[str]:
    """Put each sentence on a line of its own, as prose in this project is written."""
    joined = inspect.cleandoc(text).replace("\n\n", "\0").replace("\n", " ").replace("\0", "\n\n")
    return joined.replace(". ", ".\n").split("\n")


if __name__ == "__main__":
    print(reference_text(), end="")
