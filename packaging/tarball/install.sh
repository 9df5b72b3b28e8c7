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
            case $2 in
                /*) prefix=$2 ;;
                *) prefix=$PWD/$2 ;;
            esac
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
    # Not the folder of this name that makes a program portable: people's accounts are in it.
    find "$library" -mindepth 1 -maxdepth 1 ! -name skyferry-data -exec chmod -R u+w {} + -exec rm -rf {} +
    rmdir "$library" 2>/dev/null || true
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
mkdir -p "$prefix/bin" "$library"
echo bin/skyferry >"$list" # before anything else: who is interrupted can install again, or uninstall
cp -R "$here/skyferry/skyferry" "$here/skyferry/_internal" "$library" # a skyferry-data beside them stays there
chmod -R u+w "$library" # it may come from a medium that can only be read
ln -sf ../lib/skyferry/skyferry "$prefix/bin/skyferry"
(cd "$here" && find share -type f) | while IFS= read -r name; do
    mkdir -p "$prefix/$(dirname "$name")"
    echo "$name" >>"$list"
    cp "$here/$name" "$prefix/$name"
    chmod u+w "$prefix/$name"
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
