#!/bin/sh
# Installs Skyferry from its unpacked archive, or removes it again. Needs nothing but a shell.
set -eu

usage() {
    cat <<'TEXT'
usage: ./install.sh [--user | --prefix DIR] [--uninstall]

  --user        for you alone, below ~/.local (this is what happens without options)
  --prefix DIR  for everybody, below DIR, such as /usr/local; needs the rights to write there
  --uninstall   remove what was installed there; your accounts and settings stay
TEXT
}

prefix=${HOME:?}/.local
action=install
while [ $# -gt 0 ]; do
    case $1 in
        --user) prefix=$HOME/.local ;;
        --prefix)
            [ $# -gt 1 ] || { usage >&2; exit 2; }
            mkdir -p "$2"
            prefix=$(cd "$2" && pwd)
            shift
            ;;
        --uninstall) action=uninstall ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done
library=$prefix/lib/skyferry
list=$library/installed-files

# Where the icon theme keeps an index it is renewed; where it keeps none, icons are looked for in the folders.
refresh() {
    if command -v gtk-update-icon-cache >/dev/null 2>&1 && [ -f "$prefix/share/icons/hicolor/icon-theme.cache" ]; then
        gtk-update-icon-cache -q -f -t "$prefix/share/icons/hicolor" || true
    fi
}

remove() {
    if [ ! -f "$list" ]; then
        echo "Skyferry is not installed below $prefix" >&2
        exit 1
    fi
    while IFS= read -r name; do
        rm -f "$prefix/$name"
        (cd "$prefix" && rmdir -p "$(dirname "$name")" 2>/dev/null) || true # folders that are empty now
    done <"$list"
    rm -rf "$library"
    (cd "$prefix" && rmdir lib 2>/dev/null) || true
}

if [ "$action" = uninstall ]; then
    remove
    refresh
    echo "Removed Skyferry from $prefix"
    exit 0
fi

here=$(cd "$(dirname "$0")" && pwd)
if [ -f "$list" ]; then
    remove # an older version
fi
mkdir -p "$prefix/bin" "$prefix/lib"
cp -R "$here/skyferry" "$library"
ln -sf ../lib/skyferry/skyferry "$prefix/bin/skyferry"
echo bin/skyferry >"$list"
(cd "$here" && find share -type f) | while IFS= read -r name; do
    mkdir -p "$prefix/$(dirname "$name")"
    cp "$here/$name" "$prefix/$name"
    echo "$name" >>"$list"
done
# A session's PATH need not hold this prefix's bin: the menu entry says where the program is. What is special in
# a quoted argument of a desktop file is escaped, and then once more for the file and for sed.
program=$prefix/bin/skyferry
quoted=$(printf '%s' "$program" | sed -e 's/\\/\\\\\\\\/g' -e 's/["`$]/\\\\&/g' -e 's/%/%%/g' -e 's/[\\&|]/\\&/g')
plain=$(printf '%s' "$program" | sed -e 's/\\/\\\\/g' -e 's/[\\&|]/\\&/g')
entry=$prefix/share/applications/skyferry.desktop
sed -e "s|^Exec=.*|Exec=\"$quoted\"|" -e "s|^TryExec=.*|TryExec=$plain|" "$here/share/applications/skyferry.desktop" >"$entry"
refresh
echo "Installed Skyferry below $prefix; start it from the menu, or type: $program"
