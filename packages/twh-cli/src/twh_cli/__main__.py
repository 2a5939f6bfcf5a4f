"""The `twh` command: what the registry can answer is answered at once, everything else starts the real program."""

import sys

from twh_cli.registry import static_answer

COMPLETE = "__complete"


def main(words: list[str] | None = None) -> int:
    """Run one command line; the answer is the exit code."""
    typed = sys.argv[1:] if words is None else words
    said = completed(typed[1:]) if typed[:1] == [COMPLETE] else static_answer(typed)
    if said is None:
        from twh_cli.app import run

        return run(typed)
    try:
        print(said, flush=True)  # noqa: T201 - there is no session and no output yet
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has enough
    except OSError as why:
        from twh_cli.terminal import leave_unwritten

        sys.stderr.write(f"error  This could not be written: {why.strerror}.\n")
        leave_unwritten()
        return 1
    return 0


def completed(words: list[str]) -> str:
    """What may come next, for a shell that asks while someone types: anything but an error."""
    try:
        from twh_cli.completing.words import answer

        return answer(words)
    except Exception:  # noqa: BLE001 - it would be written over the line that someone is typing
        return ""


if __name__ == "__main__":
    sys.exit(main())
