#!/bin/sh
# Installs the MariaDB server for the tests, without starting a service.
# Debian and Ubuntu, as root; elsewhere it says what to do and ends with status 1.
set -eu

for folder in $(echo "$PATH" | tr ':' ' ') /usr/sbin /usr/local/sbin; do
    for server in mariadbd mysqld; do
        if [ -x "$folder/$server" ] && "$folder/$server" --version | grep -q MariaDB; then
            echo "MariaDB is here: $("$folder/$server" --version)"
            exit 0
        fi
    done
done

if ! command -v apt-get >/dev/null; then
    echo "No MariaDB server and no apt-get here. Install MariaDB 10.6 or newer yourself" \
        "(brew install mariadb, dnf install mariadb-server)." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "No MariaDB server here, and installing it needs root: sudo $0" >&2
    exit 1
fi

# The tests start servers of their own: an init policy keeps the package from starting its service.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
apt-get update
apt-get install -y --no-install-recommends mariadb-server
