# Makes a directory the program's /opt/ml, and runs the program: sh -c "$this" sh DIRECTORY PROGRAM ARGUMENT...
# `unshare` has given this process mounts of its own, so nothing changes for other processes.
set -e
# A subshell, so that its variables do not reach the program.
(
    PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin
    if [ ! -d /opt/ml ]; then
        # There is no place to mount it, and /opt itself must not change: put a copy of /opt over it, whose entries
        # are mounts of the original ones.
        stage=$(mktemp -d "${1%/opt/ml}/opt.XXXXXX")
        mount -t tmpfs -o mode=755 tmpfs "$stage"
        for entry in /opt/* /opt/.[!.]*; do
            copy=$stage/${entry##*/}
            if [ -L "$entry" ]; then
                cp -P "$entry" "$copy"
            elif [ -d "$entry" ]; then
                mkdir "$copy"
                mount --rbind "$entry" "$copy"
            elif [ -e "$entry" ]; then
                : >"$copy"
                mount --bind "$entry" "$copy"
            fi
        done
        mkdir "$stage/ml"
        # -n: without a note in mount's own table, which belongs to root.
        mount -n --move "$stage" /opt
        rmdir "$stage"
    fi
    mount --rbind "$1" /opt/ml
)
shift
exec "$@"
