#!/bin/sh
# Installs the claudemesh command line from the relay at @ORIGIN@, and joins a mesh:
#
#   curl -fsSL @ORIGIN@/install.sh | sh -s -- 'INVITE LINK'
#
# The link is handed to "claudemesh join" on this machine; nothing of it goes to the relay with this script. What follows
# the link goes to "claudemesh join" too, such as --as NAME. Without a link, claudemesh is installed and nothing else.
#
# CLAUDEMESH_INSTALL_DIR is the folder for the program; without it, that is ~/.local/bin.
#
# This script, the program and the SHA-256 sum that it is held to all come from the relay. The sum finds a broken
# download; it does not protect from the relay's operator. Who does not want to trust that builds claudemesh from its
# source with "make build".
set -eu

origin='@ORIGIN@'
version='@VERSION@'
# Each line: name, operating system, architecture, bytes, SHA-256.
programs='@PROGRAMS@'

say() { printf '%s\n' "$1" >&2; }

fail() {
  printf 'claudemesh: %s\n' "$1" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

system() {
  case $(uname -s) in
  Linux) echo linux ;;
  Darwin) echo darwin ;;
  CYGWIN* | MINGW* | MSYS*) echo windows ;;
  *) uname -s ;;
  esac
}

machine() { # machine OS
  # Under Rosetta, uname on an Apple chip says x86_64.
  if [ "$1" = darwin ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || :)" = 1 ]; then
    echo arm64
    return
  fi
  case $(uname -m) in
  amd64 | x86_64) echo amd64 ;;
  aarch64 | arm64) echo arm64 ;;
  *) uname -m ;;
  esac
}

choose() { # choose OS ARCH: sets name, bytes and expected
  while read -r name on cpu bytes expected; do
    if [ "$on/$cpu" = "$1/$2" ]; then return 0; fi
  done <<END
$programs
END
  return 1
}

offered() {
  while read -r name on cpu bytes expected; do
    printf ' %s/%s' "$on" "$cpu"
  done <<END
$programs
END
}

fetch() { # fetch URL FILE
  if has curl; then
    # A relay with TLS may not send the download elsewhere without it.
    case $origin in
    https:*) curl -fsSL --proto '=https' -o "$2" "$1" ;;
    *) curl -fsSL -o "$2" "$1" ;;
    esac
  elif has wget; then
    wget -q -O "$2" "$1"
  else
    fail 'needs curl or wget to download. Nothing was installed.'
  fi
}

sum() { # sum FILE: prints its SHA-256 in hex
  if has sha256sum; then
    set -- "$(sha256sum <"$1")"
  elif has shasum; then
    set -- "$(shasum -a 256 <"$1")"
  elif has openssl; then
    set -- "$(openssl dgst -sha256 -r <"$1")"
  else
    return 1
  fi
  printf '%s\n' "${1%% *}"
}

place() { # sets folder and target
  if [ -n "${CLAUDEMESH_INSTALL_DIR:-}" ]; then
    folder=$CLAUDEMESH_INSTALL_DIR
  elif [ -n "${HOME:-}" ]; then
    folder=$HOME/.local/bin
  else
    fail 'HOME is not set. Say with CLAUDEMESH_INSTALL_DIR where the program may go.'
  fi
  case $folder in
  /*) ;;
  *) folder=$PWD/$folder ;;
  esac
  target=$folder/claudemesh
  if [ -d "$target" ]; then fail "$target is a folder. Choose another place with CLAUDEMESH_INSTALL_DIR."; fi
  mkdir -p "$folder" || fail "$folder cannot be made. Choose another place with CLAUDEMESH_INSTALL_DIR."
}

install_program() {
  # In the folder of the program, so that it takes its place in one step. Only this user may look into it.
  work=$(mktemp -d "$folder/.claudemesh.XXXXXX") || fail "nothing can be written to $folder. Choose another place with CLAUDEMESH_INSTALL_DIR."
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  say "Downloading $name ($bytes bytes) from $origin"
  fetch "$origin/downloads/$name?sha256=$expected" "$work/claudemesh" ||
    fail 'the download failed. Nothing was installed.'
  actual=$(sum "$work/claudemesh") ||
    fail 'needs sha256sum, shasum or openssl to check the download. Nothing was installed.'
  if [ "$actual" != "$expected" ]; then
    fail "the download is not the program that the relay announced. Nothing was installed.
  SHA-256 announced: $expected
  SHA-256 received:  $actual"
  fi
  chmod 0755 "$work/claudemesh"
  mv -f "$work/claudemesh" "$target"
  rm -rf "$work"
  trap - EXIT HUP INT TERM
  say "Installed $target, version $version. Its SHA-256 is the one that the relay announced; both come from $origin."
}

tell_path() { # sets self: what starts the program in this shell
  self=$target
  case :${PATH:-}: in
  *:"$folder":*)
    found=$(command -v claudemesh || :)
    if [ "$found" = "$target" ]; then
      self=claudemesh
    else
      say "The shell finds another one first: $found"
    fi
    ;;
  *) say "$folder is not in PATH. To have it there: export PATH=\"$folder:\$PATH\"" ;;
  esac
}

main() {
  os=$(system)
  arch=$(machine "$os")
  choose "$os" "$arch" || fail "this relay has no claudemesh for $os/$arch. It has:$(offered). Build it from its source: make build."
  if [ "$os" = windows ]; then
    fail "on Windows, use PowerShell: & ([scriptblock]::Create((irm $origin/install.ps1))) 'INVITE LINK'"
  fi
  place
  install_program
  tell_path
  if [ $# -eq 0 ]; then
    say "To join a mesh: $self join 'INVITE LINK' --setup"
    return 0
  fi
  # Standard input is this script, so questions go to the terminal, where there is one.
  if (: </dev/tty) 2>/dev/null; then
    "$target" join --setup "$@" </dev/tty
  else
    "$target" join --setup "$@" </dev/null
  fi
}

# The braces keep a script that was cut off in this very line from running.
{ main "$@"; }
