#!/bin/sh
# Builds Dockerfile.debug where no image can be pulled: the base is made here, of Debian's packages (from the mirror that
# apt is set up with) and this machine's own Node and npm. Everything lies in <folder>, which belongs to the caller. Needs
# root, buildah and debootstrap. Containers have the host's network and processes: chroot is the one kind of isolation
# that works within a container of CI.
#   image.sh build <folder>                     the base, then the image, then a container of it
#   image.sh run <folder> <words of buildah run...> -- <command...>
#   image.sh clean <folder>                     ends what still runs in the container, unmounts and removes the folder
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
what=$1 folder=$2
shift 2
began=$(date +%s)
mkdir -p "$folder/tmp"
export TMPDIR="$folder/tmp" # buildah mounts containers there

engine() {
  buildah --root "$folder/root" --runroot "$folder/run" --storage-driver "$(cat "$folder/driver")" "$@"
}

# What a step said is of interest when it failed.
quietly() { # <name> <command...>
  log=$folder/$1.log
  shift
  "$@" >"$log" 2>&1 || {
    tail -n 40 "$log"
    return 1
  }
}

# overlay where the kernel lets us, else whole copies of every image.
driver() {
  probe=$folder/probe
  mkdir -p "$probe/lower" "$probe/upper" "$probe/work" "$probe/all"
  if mount -t overlay -o "lowerdir=$probe/lower,upperdir=$probe/upper,workdir=$probe/work" overlay "$probe/all" 2>/dev/null; then
    umount "$probe/all"
    echo overlay
  else
    echo vfs
  fi
}

# What the official image has that matters here: Debian, Node, npm and the headers; and a dpkg that does not wait for the disk.
make_base() {
  base=$folder/base
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mirror=$(apt-get indextargets --format '$(RELEASE) $(SITE)' 'Created-By: Packages' | awk -v suite="$suite" '$1 == suite { print $2; exit }')
  quietly debootstrap debootstrap --variant=minbase "$suite" "$base" "$mirror"
  echo force-unsafe-io >"$base/etc/dpkg/dpkg.cfg.d/image"
  {
    echo 'Acquire::Languages "none";'
    apt-config dump | grep -iE '^Acquire::(https?::)?Proxy' || true
  } >"$base/etc/apt/apt.conf.d/image"
  node=$(readlink -f "$(command -v node)")
  mkdir -p "$base/usr/local/include" "$base/usr/local/lib/node_modules" "$base/usr/local/etc"
  cp "$node" "$base/usr/local/bin/node"
  cp -a "$(dirname "$node")/../include/node" "$base/usr/local/include/"
  cp -a "$(dirname "$(readlink -f "$(command -v npm)")")/.." "$base/usr/local/lib/node_modules/npm"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$base/usr/local/bin/npm"
  # A network that has a certificate of its own has told npm of it.
  authority=$(npm config get cafile 2>/dev/null)
  if [ -f "$authority" ]; then
    cp "$authority" "$base/usr/local/etc/network.pem"
    echo 'cafile=/usr/local/etc/network.pem' >"$base/usr/local/etc/npmrc"
  fi
  container=$(engine from scratch)
  quietly copy engine copy "$container" "$base" /
  quietly commit engine commit --rm "$container" localhost/node:20-bookworm-slim
  rm -rf "$base"
}

build() {
  [ -e "$folder/driver" ] || driver >"$folder/driver"
  make_base
  echo "the base: $(cat "$folder/driver"), after $(($(date +%s) - began)) s"
  cache=$(npm config get cache 2>/dev/null)
  mkdir -p "$cache"
  quietly build engine bud --isolation chroot --jobs 2 --volume "$cache:/root/.npm" \
    --build-arg BASE_IMAGE=localhost/node:20-bookworm-slim --build-arg "SLUICE_ADDON=${SLUICE_ADDON:-faults}" \
    -f "$root/Dockerfile.debug" -t sluice-debug "$root"
  engine from --pull-never --name debug localhost/sluice-debug >/dev/null
  # Or buildah now and then mounts a volume of its own over that of `run`.
  engine config --volume /var/lib/sluice/cores- debug
  echo "the image: after $(($(date +%s) - began)) s"
}

run() {
  words=
  while [ "$1" != -- ]; do
    words="$words $1"
    shift
  done
  shift
  # shellcheck disable=SC2086 # words without blanks
  exec buildah --root "$folder/root" --runroot "$folder/run" --storage-driver "$(cat "$folder/driver")" \
    run --isolation chroot $words debug -- "$@"
}

# Processes of the container have their root below the folder.
kill_all() {
  for process in /proc/[0-9]*; do
    case $(readlink "$process/root" 2>/dev/null || true) in
    "$folder"/*) kill -KILL "${process#/proc/}" 2>/dev/null || true ;;
    esac
  done
}

clean() {
  kill_all
  if [ -e "$folder/driver" ]; then
    engine rm --all >/dev/null 2>&1 || true
    engine rmi --all --force >/dev/null 2>&1 || true
  fi
  awk -v folder="$folder/" 'index($2, folder) == 1 { print $2 }' /proc/mounts | sort -r | while read -r place; do
    umount -l "$place" || true
  done
  rm -rf --one-file-system "$folder"
}

case $what in
build) build ;;
run) run "$@" ;;
clean) clean ;;
*) exit 2 ;;
esac
