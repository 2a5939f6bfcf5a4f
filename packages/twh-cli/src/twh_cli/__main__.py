"""The `twh` command: what the registry can answer is answered at once, everything else starts the real program."""

import sys

from twh_cli.registry import static_answer


def main(words: list[str] | None = None) -> int:
    """Run one command line; the answer is the exit code."""
    typed = sys.argv[1:] if words is None else words
    said = static_answer(typed)
    if said is None:
        from twh_cli.app import run

        return run(typed)
    try:
        print(said, flush=True)  # noqa: T201 - there is no session and no output yet
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has enough
    return 0


if __name__ == "__main__":
    sys.exit(main())
