"""The scripts that make bash, zsh and fish ask `twh __complete`, and where each shell looks for them."""

from __future__ import annotations

import os
from pathlib import Path

BASH = r"""
_twh_complete() {
    local word about quoted
    COMPREPLY=()
    while IFS=$'\t' read -r word about; do
        if [[ $word == ":files" ]]; then
            compopt -o default
            return
        fi
        [[ $word == *= ]] && compopt -o nospace
        printf -v quoted '%q' "$word"
        COMPREPLY+=("$quoted")
    done < <(twh __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _twh_complete twh
"""
ZSH = r"""
#compdef twh
_twh() {
    local word about
    local -a found
    while IFS=$'\t' read -r word about; do
        if [[ $word == ":files" ]]; then
            _files
            return
        fi
        found+=("${word//:/\\:}:$about")
    done < <(twh __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)
    _describe -V twh found
}
if [[ $funcstack[1] == _twh ]]; then
    _twh "$@"
else
    compdef _twh twh
fi
"""
FISH = r"""
function __twh_complete
    set -l words (commandline -opc)
    set -a words (commandline -ct | string collect --allow-empty)
    for line in (twh __complete $words[2..-1] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c twh -f -k -a '(__twh_complete)'
"""
SHELLS = {"bash": BASH, "zsh": ZSH, "fish": FISH}

INSTALLED_AT = {
    "bash": ".local/share/bash-completion/completions/twh",
    "zsh": ".zfunc/_twh",
    "fish": ".config/fish/completions/twh.fish",
}
STARTED_BY = {"bash": (".bashrc", ".bash_profile"), "zsh": (".zshrc",), "fish": (".config/fish/config.fish",)}
INSTALL = {
    "bash": "echo 'eval \"$(twh completion bash)\"' >> ~/.bashrc",
    "zsh": "echo 'eval \"$(twh completion zsh)\"' >> ~/.zshrc   (after compinit)",
    "fish": "twh completion fish > ~/.config/fish/completions/twh.fish",
}


def script(shell: str) -> str:
    return SHELLS[shell].strip()


def how_to_install(shell: str) -> str:
    return INSTALL[shell]


def is_installed(shell: str) -> bool:
    """Whether the script lies where the shell looks, or its start-up file asks for it."""
    home = Path(os.environ.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises where there is none
    if (home / INSTALLED_AT[shell]).exists():
        return True
    return any("twh completion" in text_of(home / name) for name in STARTED_BY[shell])


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
