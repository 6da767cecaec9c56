#!/usr/bin/env bash
# Makes the packages that the solution refers to restorable on this machine and writes .feed/versions.props, which says which they
# are: the configured NuGet sources' own where they serve them, else the same release put together from npm in .feed/packages.
#
#   GPU=1 | GPU=0 | (unset: as last time, at first 0)   whether packages from npm carry the CUDA and TensorRT providers
#   HOLOZERO_FEED_DOWNLOADS=DIR                         keep npm downloads there, for clones to share (.feed/downloads)
#
# Exit: 0 ready, 1 a download or the assembly is wrong, 2 bad GPU value, 3 the machine lacks something. Errors are one line.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
feed=$root/.feed
downloads=${HOLOZERO_FEED_DOWNLOADS:-$feed/downloads}
pins=$here/pins
stamp=$feed/stamp
work=$feed/work

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_UI_LANGUAGE=en
export MSBUILDDISABLENODEREUSE=1

say() { printf 'setup: %s\n' "$*"; }
die() { local code=$1; shift; printf 'setup: %s\n' "$*" >&2; exit "$code"; }

# pin KIND NAME COLUMN: one cell of the table.
pin() { awk -v kind="$1" -v name="$2" -v column="$3" '$1 == kind && $2 == name { print $column; exit }' "$pins"; }

# first_error FILE: what a failed tool had to say, in one line.
first_error() {
  { grep -m1 -iE 'error' "$1" || tail -n1 "$1"; } | tr -s '[:space:]' ' ' | sed 's/ $//' | cut -c1-240
}

# ---- What there is to do ----------------------------------------------------------------------------------------------------

for tool in awk flock sha512sum base64 tar; do
  command -v "$tool" >/dev/null || die 3 "$tool is not installed: install it and run \`make setup\` again."
done

sdk=$(sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' "$root/global.json")
(cd "$root" && dotnet --version) >/dev/null 2>&1 ||
  die 3 "no .NET SDK that global.json accepts ($sdk or a later feature band of it) is installed: install the .NET ${sdk%%.*} SDK, put dotnet on PATH and run \`make setup\` again."

mkdir -p "$feed/packages"
exec 9>"$feed/lock"
flock -n 9 || { say "waiting for another setup in this folder to finish"; flock 9; }

gpu=${GPU:-}
[ -n "$gpu" ] || gpu=$(awk '$1 == "gpu" { print $2 }' "$stamp" 2>/dev/null || true)
gpu=${gpu:-0}
[[ $gpu == [01] ]] || die 2 "GPU=$gpu: say GPU=1 for the CUDA and TensorRT providers or GPU=0 for the CPU alone."

# The one package that an assembled one depends on, with its central version.
tensors=$(grep 'Include="System.Numerics.Tensors"' "$root/Directory.Packages.props")

digest() { sha512sum | cut -c1-64; }

# Everything that could change the answer. The user's own NuGet.Config is part of it: a new source may serve what was missing.
state=$({ printf '%s\n' "$tensors"
  cat "$here/setup.sh" "$pins" "$here/Directory.Build.props" "$here"/*/*.csproj "$root/NuGet.config"
  cat "${HOME:-}/.nuget/NuGet/NuGet.Config" 2>/dev/null || true; } | digest)

# The stamp: the state it was written for, the GPU choice, and the files without which it is void.
up_to_date() {
  [ -f "$stamp" ] && [ "$(head -n2 "$stamp")" = "state $state"$'\n'"gpu $gpu" ] || return 1
  local kind file
  while read -r kind file; do
    [ "$kind" != needs ] || [ -f "$feed/$file" ] || return 1
  done <"$stamp"
}

distribution() { sed -n 's|.*<OnnxRuntimeDistribution>\(.*\)</OnnxRuntimeDistribution>.*|\1|p' "$feed/versions.props"; }

if up_to_date; then
  say "nothing to do ($(distribution))"
  exit 0
fi

rm -rf "$work" "$feed/pack.log"
mkdir "$work"
partial=$work # while npm downloads: the folder that it downloads into
trap 'rm -rf "$work" "$partial"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- NuGet ------------------------------------------------------------------------------------------------------------------

# serves ID VERSION: restores the package with all that it depends on; leaves the version that came in $served,
# and on failure NuGet's reason in $refusal.
serves() {
  local log=$work/probe.log assets=$work/obj/Probe/project.assets.json
  rm -rf "$work/obj/Probe"
  if dotnet restore "$here/Probe/Probe.csproj" -p:FeedWork="$work" -p:ProbeId="$1" -p:ProbeVersion="$2" >"$log" 2>&1 9>&-; then
    served=$(awk -F'["/]' -v id="$1" 'tolower($2) == tolower(id) { print $3; exit }' "$assets")
    # A floating version may fall back on what an earlier run put in the local feed: that is not NuGet serving it.
    [[ -n $served && $served != *-npm.* ]] && return 0
    refusal="no NuGet source serves it"
  elif grep -q 'NU1301' "$log"; then
    refusal="a NuGet source cannot be reached (NU1301)"
  elif grep -qE 'NU110[0-3]' "$log"; then
    refusal="no NuGet source serves it ($(grep -oE 'NU110[0-3]' "$log" | head -n1))"
  else
    refusal="NuGet cannot restore it ($(first_error "$log"))"
  fi
  return 1
}

# ---- npm --------------------------------------------------------------------------------------------------------------------

tarball() { printf '%s/%s-%s.tgz' "$downloads" "$1" "$(pin npm "$1" 3)"; }

# intact FILE NAME: whether the file is the one that the pins name.
intact() {
  local want got
  want=$(pin npm "$2" 4)
  want=$(printf '%s' "${want#sha512-}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
  got=$(sha512sum <"$1")
  [ "${got%% *}" = "$want" ]
}

# fetch PURPOSE NAME...: brings the named npm packages into $downloads; each is there whole and verified, or not at all.
fetch() {
  local purpose=$1 name version file
  shift
  mkdir -p "$downloads"
  downloads=$(cd "$downloads" && pwd -P)
  exec 8>"$downloads/.lock"
  flock 8
  rm -rf "$downloads"/.partial.*
  for name in "$@"; do
    version=$(pin npm "$name" 3)
    file=$(tarball "$name")
    if [ -f "$file" ]; then
      intact "$file" "$name" && continue
      say "$file is damaged: fetching it again"
      rm -f "$file"
    fi
    command -v npm >/dev/null ||
      die 3 "$purpose: $refusal, and npm, the other way to get it, is not installed: install Node.js with npm, or configure a NuGet source that serves it, and run \`make setup\` again."
    say "fetching $name $version from npm"
    partial=$(mktemp -d "$downloads/.partial.XXXXXX")
    # From an empty folder, so that no .npmrc or package.json nearby has a say.
    if ! (cd "$partial" && npm pack "$name@$version" --pack-destination "$partial" --ignore-scripts --prefer-offline \
      --loglevel=error) >"$work/npm.log" 2>&1 8>&- 9>&-; then
      rm -rf "$partial"
      die 3 "npm cannot fetch $name $version ($(first_error "$work/npm.log")): check the network and npm's registry setting and run \`make setup\` again; finished downloads are kept."
    fi
    if ! intact "$partial/$name-$version.tgz" "$name"; then
      rm -rf "$partial"
      die 1 "npm served a $name $version whose sha512 is not the one in ci/feed/pins; the file was deleted. Find out why before you trust either: a broken proxy, a changed package or a wrong pin."
    fi
    mv "$partial/$name-$version.tgz" "$file"
    rm -rf "$partial"
  done
  exec 8>&-
}

# unpack NAME MEMBER...: files and folders of a fetched package, into $work/npm/NAME.
unpack() {
  local name=$1 into=$work/npm/$1
  shift
  rm -rf "$into"
  mkdir -p "$into"
  tar -xzf "$(tarball "$name")" -C "$into" --strip-components=1 --no-same-owner "${@/#/package/}" 2>"$work/tar.log" ||
    die 1 "$name $(pin npm "$name" 3) is not laid out as expected ($(first_error "$work/tar.log")): ci/feed/setup.sh and ci/feed/pins disagree about the release."
}

# native ARCHITECTURE FILE NAME: one unpacked library, where NuGet expects it and under the name that the binding asks for.
native() {
  local folder=$work/sources/runtimes/linux-$1/native
  mkdir -p "$folder"
  mv "$2" "$folder/$3"
}

# pack ID VERSION DISTRIBUTION: the laid-out sources become a package in the local feed, whole or not at all.
pack() {
  local id=$1 version=$2 log=$work/pack.log made cached
  dotnet pack "$here/$id/$id.csproj" -c Release -p:FeedWork="$work" -p:FeedSources="$work/sources" -p:FeedVersion="$version" \
    -p:FeedDistribution="$3" >"$log" 2>&1 9>&- || {
    cp "$log" "$feed/pack.log"
    die 1 "$id $version cannot be assembled ($(first_error "$log")): the whole output is in .feed/pack.log."
  }
  made=$work/packages/$id.$version.nupkg

  # NuGet never looks again at a version that it has unpacked once, so an earlier assembly with other contents has to go.
  cached=$(dotnet nuget locals global-packages --list 9>&- | sed -n 's/^global-packages: //p')
  cached=${cached%/}/${id,,}/$version
  if [ -f "$cached/${id,,}.$version.nupkg" ] && ! cmp -s "$made" "$cached/${id,,}.$version.nupkg"; then
    say "removing an earlier assembly of $id $version from NuGet's cache"
    rm -rf "$cached"
  fi
  mv "$made" "$feed/packages/"
}

# Each assemble_ function puts one package together from npm if the local feed lacks this very assembly of it, and leaves its
# version and where it comes from in $version and $source.

# recipe ID NAME...: what an assembly depends on, so that only a change to it causes another.
recipe() {
  { cat "$here/$1/$1.csproj" "$here/Directory.Build.props" "$here/setup.sh"
    printf '%s\n' "$tensors"
    local name
    for name in "${@:2}"; do pin npm "$name" 4; done
  } | digest
}

assembled() { [ -f "$feed/packages/$1.$version.nupkg" ] && [ "$(cat "$feed/recipes/$1.$version" 2>/dev/null)" = "$2" ]; }
record() { mkdir -p "$feed/recipes"; printf '%s\n' "$2" >"$feed/recipes/$1.$version"; }

assemble_onnxruntime() {
  local id=$1 core=onnxruntime-node binding=com.github.asus4.onnxruntime providers=com.github.asus4.onnxruntime.linux-x64-gpu
  local parts=("$core" "$binding") made_of part
  version=$(pin nuget "$id" 3)-npm.$(pin nuget "$id" 4)
  source="npm: $core $(pin npm "$core" 3) + managed binding of $binding $(pin npm "$binding" 3)"
  if [ "$gpu" = 1 ]; then
    parts+=("$providers")
    version+=.cuda
    source+=" + CUDA and TensorRT providers of $providers $(pin npm "$providers" 3)"
  fi
  made_of=$(recipe "$id" "${parts[@]}")
  assembled "$id" "$made_of" && return

  fetch "$id $(pin nuget "$id" 3)" "${parts[@]}"
  say "assembling $id $version"
  rm -rf "$work/sources"
  mkdir "$work/sources"
  unpack "$binding" Runtime LICENSE ThirdPartyNotices.txt
  mv "$work/npm/$binding/Runtime" "$work/sources/binding"
  mv "$work/npm/$binding/LICENSE" "$work/npm/$binding/ThirdPartyNotices.txt" "$work/sources"
  unpack "$core" bin/napi-v6/linux/x64/libonnxruntime.so.1 bin/napi-v6/linux/arm64/libonnxruntime.so.1
  native x64 "$work/npm/$core/bin/napi-v6/linux/x64/libonnxruntime.so.1" libonnxruntime.so
  native arm64 "$work/npm/$core/bin/napi-v6/linux/arm64/libonnxruntime.so.1" libonnxruntime.so
  if [ "$gpu" = 1 ]; then
    unpack "$providers" Plugins/Linux/x64
    for part in shared cuda tensorrt; do
      part=libonnxruntime_providers_$part.so
      native x64 "$work/npm/$providers/Plugins/Linux/x64/$part" "$part"
    done
  fi
  pack "$id" "$version" "$source"
  record "$id" "$made_of"
}

assemble_extensions() {
  local id=$1 from=com.github.asus4.onnxruntime-extensions made_of arch
  version=$(pin nuget "$id" 3)-npm.$(pin nuget "$id" 4)
  source="npm: $from $(pin npm "$from" 3)"
  made_of=$(recipe "$id" "$from")
  assembled "$id" "$made_of" && return

  fetch "$id $(pin nuget "$id" 3)" "$from"
  say "assembling $id $version"
  rm -rf "$work/sources"
  mkdir "$work/sources"
  unpack "$from" Plugins/Linux LICENSE ThirdPartyNotices.txt
  mv "$work/npm/$from/LICENSE" "$work/npm/$from/ThirdPartyNotices.txt" "$work/sources"
  for arch in x64 arm64; do
    native "$arch" "$work/npm/$from/Plugins/Linux/$arch/libortextensions.so" libortextensions.so
  done
  pack "$id" "$version" "$source"
  record "$id" "$made_of"
}

# ---- The answer -------------------------------------------------------------------------------------------------------------

needs=(versions.props)
properties=

# provide PROPERTY ID ASSEMBLE [FALLBACK VERSION]: finds the package or has it assembled, and notes PROPERTYVersion and
# PROPERTYDistribution for versions.props.
provide() {
  local property=$1 id=$2 assemble=$3 wanted fallback=${4:-} version source served refusal
  wanted=$(pin nuget "$id" 3)
  if serves "$id" "[$wanted]" || { [ -n "$fallback" ] && serves "$id" "$fallback"; }; then
    version=$served
    source="nuget: $id $version"
  else
    say "$id $wanted: $refusal; using npm"
    "$assemble" "$id"
    needs+=("packages/$id.$version.nupkg")
  fi
  properties+="    <${property}Version>$version</${property}Version>"$'\n'
  properties+="    <${property}Distribution>$source</${property}Distribution>"$'\n'
  say "$id $version ($source)"
}

provide OnnxRuntime Microsoft.ML.OnnxRuntime.Gpu assemble_onnxruntime
provide OnnxRuntimeExtensions Microsoft.ML.OnnxRuntime.Extensions assemble_extensions '*'

# at_least VERSION LEAST: compares releases number by number.
at_least() {
  awk -v a="$1" -v b="$2" 'BEGIN { split(a, x, /[.-]/); split(b, y, /[.-]/)
    for (i = 1; i <= 3; i++) if (x[i] + 0 != y[i] + 0) exit x[i] + 0 < y[i] + 0 }'
}

# newest ID LEAST: whether the newest release that is served will do.
newest() {
  serves "$1" '*' || return 1
  at_least "$served" "$2" && return
  refusal="no NuGet source serves $2 or later, only $served"
  return 1
}

# offer PROPERTY ID LEAST WHAT: a package that is wanted and not needed. Where no release from LEAST on is served, WHAT is left out,
# and PROPERTYStatus says so to every program.
offer() {
  local property=$1 id=$2 least=$3 what=$4 wanted available status served refusal
  wanted=$(pin nuget "$id" 3)
  if serves "$id" "[$wanted]" || newest "$id" "$least"; then
    available=true
    status="nuget: $id $served"
    properties+="    <${property}Version>$served</${property}Version>"$'\n'
    say "$id $served ($status)"
  else
    available=false
    status="left out: $id $wanted: $(tr -d '<>&' <<<"$refusal")"
    say "$what is $status"
  fi
  properties+="    <${property}Available>$available</${property}Available>"$'\n'
  properties+="    <${property}Status>$status</${property}Status>"$'\n'
}

offer TorchSharp TorchSharp-cpu 0.99.6 "the TorchSharp engine"

printf '<Project>\n  <!-- Written by make setup. -->\n  <PropertyGroup>\n%s  </PropertyGroup>\n</Project>\n' "$properties" >"$work/versions.props"
# Untouched when unchanged: MSBuild would rebuild everything for a newer file.
cmp -s "$work/versions.props" "$feed/versions.props" || mv "$work/versions.props" "$feed/versions.props"

{ printf 'state %s\ngpu %s\n' "$state" "$gpu"; printf 'needs %s\n' "${needs[@]}"; } >"$work/stamp"
mv "$work/stamp" "$stamp"
