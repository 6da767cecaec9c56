#!/usr/bin/env bash
# Proves what setup.sh promises, in a scratch copy of it with a stand-in dotnet, npm and registry: no network, a few seconds.
# With names of tests as arguments runs those alone.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
base=$(mktemp -d)
trap 'rm -rf "$base"' EXIT
unset GPU HOLOZERO_FEED_DOWNLOADS

ort=Microsoft.ML.OnnxRuntime.Gpu
extensions=Microsoft.ML.OnnxRuntime.Extensions
npm_packages=(onnxruntime-node com.github.asus4.onnxruntime com.github.asus4.onnxruntime.linux-x64-gpu com.github.asus4.onnxruntime-extensions)

# ---- The stand-ins ----------------------------------------------------------------------------------------------------------

# A PATH with these tools and nothing else, so that the machine's own npm and dotnet are out of reach.
tools() {
  local tool
  mkdir "$base/tools"
  for tool in awk base64 bash cat cmp cp cut dirname env flock grep gzip head mkdir mktemp mv od rm sed setsid sha512sum sleep tail tar touch tr; do
    ln -s "$(command -v "$tool")" "$base/tools/$tool"
  done

  # world/served: lines "ID VERSION" that the NuGet sources serve. world/no-sdk, world/slow-pack: as they say.
  cat >"$base/dotnet" <<'DOTNET'
#!/usr/bin/env bash
set -euo pipefail
for word in "$@"; do case $word in -p:*=*) declare "${word#-p:}" 2>/dev/null || true ;; esac; done
case $1 in
  --version) [ ! -e "$WORLD/no-sdk" ] && echo 10.0.100 ;;
  restore)
    echo "restore $ProbeId $ProbeVersion" >>"$WORLD/calls"
    version=$(awk -v id="$ProbeId" '$1 == id { print $2 }' "$WORLD/served")
    if [ -n "$version" ] && [[ $ProbeVersion == '*' || $ProbeVersion == "[$version]" ]]; then
      mkdir -p "$FeedWork/obj/Probe"
      printf '{\n  "libraries": {\n    "%s/%s": {\n' "$ProbeId" "$version" >"$FeedWork/obj/Probe/project.assets.json"
    else
      echo "Probe.csproj : error NU1101: Unable to find package $ProbeId."
      exit 1
    fi ;;
  pack)
    id=${2##*/} id=${id%.csproj}
    echo "pack $id $FeedVersion" >>"$WORLD/calls"
    [ ! -e "$WORLD/slow-pack" ] || { touch "$WORLD/packing"; sleep 30; }
    mkdir -p "$FeedWork/packages"
    tar -cf "$FeedWork/packages/$id.$FeedVersion.nupkg" --sort=name --mtime=@0 -C "$FeedSources" . ;;
  nuget) echo "global-packages: $WORLD/cache/" ;;
esac
DOTNET

  # world/registry holds what npm serves. world/npm-breaks-on: a package whose download breaks off half-way.
  cat >"$base/npm" <<'NPM'
#!/usr/bin/env bash
set -euo pipefail
file=${2%@*}-${2##*@}.tgz
echo "npm ${2%@*}" >>"$WORLD/calls"
if [ "$(cat "$WORLD/npm-breaks-on" 2>/dev/null)" = "${2%@*}" ]; then
  head -c 20 "$WORLD/registry/$file" >"$4/$file"
  echo "npm error network connection reset" >&2
  exit 1
fi
cp "$WORLD/registry/$file" "$4/$file"
NPM
  chmod +x "$base/dotnet" "$base/npm"
}

# The registry: tiny packages laid out like the real ones.
registry() {
  local name version content=$base/content/package
  mkdir -p "$base/registry"
  for name in "${npm_packages[@]}"; do
    version=$(awk -v name="$name" '$1 == "npm" && $2 == name { print $3 }' "$here/pins")
    rm -rf "$content"
    mkdir -p "$content"
    echo licence >"$content/LICENSE"
    echo notices >"$content/ThirdPartyNotices.txt"
    case $name in
      onnxruntime-node) put bin/napi-v6/linux/x64/libonnxruntime.so.1 bin/napi-v6/linux/arm64/libonnxruntime.so.1 ;;
      *-extensions) put Plugins/Linux/x64/libortextensions.so Plugins/Linux/arm64/libortextensions.so ;;
      *-gpu) put Plugins/Linux/x64/libonnxruntime_providers_{shared,cuda,tensorrt}.so ;;
      *) put Runtime/OrtEnv.shared.cs ;;
    esac
    tar -czf "$base/registry/$name-$version.tgz" -C "$base/content" package
  done
}

put() { local file; for file; do mkdir -p "$(dirname "$content/$file")"; echo "$name $file" >"$content/$file"; done; }

# A fresh clone and a fresh machine for each test.
world() {
  local name file
  export WORLD=$base/world
  rm -rf "$WORLD"
  mkdir -p "$WORLD/clone/ci" "$WORLD/clone/.feed" "$WORLD/bin" "$WORLD/cache" "$WORLD/home"
  cp -r "$here" "$WORLD/clone/ci/feed"
  cp "$root/NuGet.config" "$root/Directory.Packages.props" "$root/global.json" "$WORLD/clone"
  cp -r "$base/registry" "$WORLD/registry"
  ln -s "$base/dotnet" "$base/npm" "$WORLD/bin"
  : >"$WORLD/served"
  : >"$WORLD/calls"
  for name in "${npm_packages[@]}"; do
    file=$(echo "$WORLD/registry/$name"-[0-9]*.tgz)
    sed -i "s|^\(npm  *$name  *[^ ]*  *\)sha512-.*|\1sha512-$(sha512sum <"$file" | cut -c1-128 | tr a-f A-F | basenc --base16 -d | base64 -w0)|" "$WORLD/clone/ci/feed/pins"
  done
  feed=$WORLD/clone/.feed
}

# setup [VARIABLE=VALUE...]: runs the script in that world; leaves $code, $WORLD/out and $WORLD/err.
setup() {
  : >"$WORLD/calls"
  code=0
  env -i HOME="$WORLD/home" PATH="$WORLD/bin:$base/tools" WORLD="$WORLD" "$@" bash "$WORLD/clone/ci/feed/setup.sh" >"$WORLD/out" 2>"$WORLD/err" || code=$?
}

# ---- What the tests say -----------------------------------------------------------------------------------------------------

fail() { printf '    %s\n' "$*"; sed 's/^/    out: /' "$WORLD/out"; sed 's/^/    err: /' "$WORLD/err"; exit 1; }
exits() { [ "$code" = "$1" ] || fail "exit code $code, expected $1"; }
one_line_of_error() { [ "$(wc -l <"$WORLD/err")" = 1 ] || fail "expected exactly one line on stderr"; has "$1" "$WORLD/err"; }
has() { grep -qF -- "$1" "$2" || fail "expected '$1' in ${2#"$WORLD/"}"; }
called() { [ "$(grep -cE "^$1" "$WORLD/calls" || true)" = "$2" ] || fail "expected $2 calls '$1', got: $(tr '\n' ';' <"$WORLD/calls")"; }
version_is() { has "<$1Version>$2<" "$feed/versions.props"; }
exists() { [ -e "$1" ] || fail "expected $1"; }
nothing_half_written() {
  local rest
  rest=$(find "$feed" \( -name work -o -name '.partial*' -o -size -50c -name '*.tgz' \) | head -n1)
  [ -z "$rest" ] || fail "left behind: $rest"
}

# ---- The tests --------------------------------------------------------------------------------------------------------------

test_assembles_what_nuget_lacks() {
  setup; exits 0
  [ ! -s "$WORLD/err" ] || fail "expected silence on stderr"
  version_is OnnxRuntime 1.29.0-npm.1
  version_is OnnxRuntimeExtensions 0.14.0-npm.1
  has "<OnnxRuntimeDistribution>npm: onnxruntime-node 1.29.0" "$feed/versions.props"
  tar -tf "$feed/packages/$ort.1.29.0-npm.1.nupkg" >"$WORLD/contents"
  for file in LICENSE ThirdPartyNotices.txt binding/OrtEnv.shared.cs runtimes/linux-{x64,arm64}/native/libonnxruntime.so; do has "./$file" "$WORLD/contents"; done
  tar -tf "$feed/packages/$extensions.0.14.0-npm.1.nupkg" >"$WORLD/contents"
  for file in LICENSE ThirdPartyNotices.txt runtimes/linux-{x64,arm64}/native/libortextensions.so; do has "./$file" "$WORLD/contents"; done
  called "npm .*linux-x64-gpu" 0
  nothing_half_written
}

test_second_run_does_nothing() {
  setup; exits 0
  touch "$WORLD/before"
  setup; exits 0
  has "nothing to do" "$WORLD/out"
  [ ! -s "$WORLD/calls" ] || fail "expected no calls, got: $(cat "$WORLD/calls")"
  [ -z "$(find "$feed" -type f -newer "$WORLD/before" ! -name lock)" ] || fail "expected no file to change"
}

test_unchanged_answer_leaves_versions_untouched() {
  setup; exits 0
  touch "$WORLD/before"
  echo "# more" >>"$WORLD/clone/ci/feed/pins"
  setup; exits 0
  called restore 5
  called "(npm|pack)" 0
  [ ! "$feed/versions.props" -nt "$WORLD/before" ] || fail "expected versions.props to stay as it was"
}

test_missing_package_file_is_assembled_again() {
  setup; exits 0
  rm "$feed/packages/$ort.1.29.0-npm.1.nupkg"
  setup; exits 0
  exists "$feed/packages/$ort.1.29.0-npm.1.nupkg"
  called npm 0
  called pack 1
}

test_damaged_download_is_fetched_again() {
  setup; exits 0
  echo damage >>"$feed/downloads/onnxruntime-node-1.29.0.tgz"
  rm "$feed/stamp" "$feed"/packages/*.nupkg
  setup; exits 0
  has "is damaged: fetching it again" "$WORLD/out"
  called npm 1
  cmp -s "$WORLD/registry/onnxruntime-node-1.29.0.tgz" "$feed/downloads/onnxruntime-node-1.29.0.tgz" || fail "expected the download to be whole again"
}

test_wrong_contents_from_npm_are_refused() {
  echo other >>"$WORLD/registry/onnxruntime-node-1.29.0.tgz"
  setup; exits 1
  one_line_of_error "onnxruntime-node 1.29.0 whose sha512"
  [ ! -e "$feed/downloads/onnxruntime-node-1.29.0.tgz" ] || fail "expected the download to be deleted"
  [ ! -e "$feed/versions.props" ] || fail "expected no versions.props"
  called pack 0
  nothing_half_written
}

test_broken_download_resumes() {
  echo com.github.asus4.onnxruntime >"$WORLD/npm-breaks-on"
  setup; exits 3
  one_line_of_error "npm cannot fetch com.github.asus4.onnxruntime 0.4.9 (npm error network connection reset)"
  exists "$feed/downloads/onnxruntime-node-1.29.0.tgz"
  nothing_half_written
  rm "$WORLD/npm-breaks-on"
  setup; exits 0
  called "npm onnxruntime-node" 0
  called npm 2
}

test_neither_nuget_nor_npm() {
  rm "$WORLD/bin/npm"
  setup; exits 3
  one_line_of_error "$ort 1.29.0: no NuGet source serves it (NU1101), and npm, the other way to get it, is not installed"
  [ ! -e "$feed/versions.props" ] || fail "expected no versions.props"
  nothing_half_written
}

test_finished_downloads_need_no_npm() {
  rm "$WORLD/bin/npm"
  mkdir "$feed/downloads"
  cp "$WORLD"/registry/*.tgz "$feed/downloads"
  setup; exits 0
  version_is OnnxRuntime 1.29.0-npm.1
}

test_downloads_can_be_shared() {
  setup HOLOZERO_FEED_DOWNLOADS="$WORLD/shared"; exits 0
  called npm 3
  rm -r "$feed"
  setup HOLOZERO_FEED_DOWNLOADS="$WORLD/shared"; exits 0
  called npm 0
  called pack 2
}

test_missing_sdk() {
  touch "$WORLD/no-sdk"
  setup; exits 3
  one_line_of_error "install the .NET 10 SDK"
  rm "$WORLD/no-sdk" "$WORLD/bin/dotnet"
  setup; exits 3
  one_line_of_error "install the .NET 10 SDK"
}

test_served_packages_are_used_as_they_are() {
  printf '%s\n' "$ort 1.29.0" "$extensions 0.14.0" >"$WORLD/served"
  rm "$WORLD/bin/npm"
  setup; exits 0
  version_is OnnxRuntime 1.29.0
  version_is OnnxRuntimeExtensions 0.14.0
  has "<OnnxRuntimeDistribution>nuget: $ort 1.29.0<" "$feed/versions.props"
  called pack 0
}

test_extensions_fall_back_on_the_newest_served() {
  printf '%s\n' "$ort 1.29.0" "$extensions 0.13.0" >"$WORLD/served"
  setup; exits 0
  version_is OnnxRuntimeExtensions 0.13.0
}

test_torchsharp_is_left_out_where_it_is_not_served() {
  setup; exits 0
  [ "$(grep -c TorchSharp "$WORLD/out")" = 1 ] || fail "expected one line about TorchSharp"
  has "setup: the TorchSharp engine is left out: TorchSharp-cpu 0.106.0: no NuGet source serves it (NU1101)" "$WORLD/out"
  has "<TorchSharpAvailable>false<" "$feed/versions.props"
  has "<TorchSharpStatus>left out: TorchSharp-cpu 0.106.0: no NuGet source serves it (NU1101)<" "$feed/versions.props"
  ! grep -q TorchSharpVersion "$feed/versions.props" || fail "expected no version of what is left out"
}

test_torchsharp_is_built_where_it_is_served() {
  printf '%s\n' "TorchSharp-cpu 0.106.0" >"$WORLD/served"
  setup; exits 0
  version_is TorchSharp 0.106.0
  has "<TorchSharpAvailable>true<" "$feed/versions.props"
  called "restore TorchSharp" 1
}

test_another_torchsharp_that_is_served_will_do() {
  printf '%s\n' "TorchSharp-cpu 0.99.6" >"$WORLD/served"
  setup; exits 0
  version_is TorchSharp 0.99.6
  has "<TorchSharpAvailable>true<" "$feed/versions.props"
  has "setup: TorchSharp-cpu 0.99.6 (nuget: TorchSharp-cpu 0.99.6)" "$WORLD/out"
}

test_a_torchsharp_too_old_is_left_out() {
  printf '%s\n' "TorchSharp-cpu 0.99.5" >"$WORLD/served"
  setup; exits 0
  has "the TorchSharp engine is left out: TorchSharp-cpu 0.106.0: no NuGet source serves 0.99.6 or later, only 0.99.5" "$WORLD/out"
  has "<TorchSharpAvailable>false<" "$feed/versions.props"
}

test_own_assembly_does_not_count_as_served() {
  echo "$extensions 0.14.0-npm.1" >"$WORLD/served"
  setup; exits 0
  has "<OnnxRuntimeExtensionsDistribution>npm: " "$feed/versions.props"
  exists "$feed/packages/$extensions.0.14.0-npm.1.nupkg"
}

test_gpu_is_a_package_of_its_own_and_remembered() {
  setup GPU=1; exits 0
  version_is OnnxRuntime 1.29.0-npm.1.cuda
  tar -tf "$feed/packages/$ort.1.29.0-npm.1.cuda.nupkg" >"$WORLD/contents"
  for provider in shared cuda tensorrt; do has "./runtimes/linux-x64/native/libonnxruntime_providers_$provider.so" "$WORLD/contents"; done
  setup; exits 0
  has "nothing to do" "$WORLD/out"
  setup GPU=0; exits 0
  version_is OnnxRuntime 1.29.0-npm.1
  called npm 0
  setup GPU=yes; exits 2
  one_line_of_error "GPU=yes"
}

test_a_new_user_source_is_asked() {
  setup; exits 0
  mkdir -p "$WORLD/home/.nuget/NuGet"
  echo "<configuration />" >"$WORLD/home/.nuget/NuGet/NuGet.Config"
  printf '%s\n' "$ort 1.29.0" "$extensions 0.14.0" >"$WORLD/served"
  setup; exits 0
  version_is OnnxRuntime 1.29.0
}

test_two_at_once() {
  local first=0 run=(env -i HOME="$WORLD/home" PATH="$WORLD/bin:$base/tools" WORLD="$WORLD" bash "$WORLD/clone/ci/feed/setup.sh")
  "${run[@]}" >"$WORLD/out" 2>"$WORLD/err" & local pid=$!
  "${run[@]}" >"$WORLD/out2" 2>&1 || fail "the second run failed: $(cat "$WORLD/out2")"
  wait "$pid" || first=$?
  [ "$first" = 0 ] || fail "the first run failed"
  cat "$WORLD/out2" >>"$WORLD/out"
  has "nothing to do" "$WORLD/out"
  called npm 3
  called pack 2
  nothing_half_written
}

test_killed_run_leaves_nothing_that_matters() {
  touch "$WORLD/slow-pack"
  env -i HOME="$WORLD/home" PATH="$WORLD/bin:$base/tools" WORLD="$WORLD" setsid bash "$WORLD/clone/ci/feed/setup.sh" >"$WORLD/out" 2>"$WORLD/err" & local pid=$!
  for _ in {1..100}; do [ ! -e "$WORLD/packing" ] || break; sleep 0.1; done
  exists "$WORLD/packing"
  kill -KILL -- "-$pid"
  wait "$pid" 2>/dev/null || true
  [ ! -e "$feed/stamp" ] || fail "expected no stamp"
  rm "$WORLD/slow-pack"
  setup; exits 0
  called "npm onnxruntime-node" 0
  nothing_half_written
}

test_nuget_cache_never_holds_another_assembly() {
  local cached=$WORLD/cache/${ort,,}/1.29.0-npm.1
  mkdir -p "$cached"
  echo other >"$cached/${ort,,}.1.29.0-npm.1.nupkg"
  setup; exits 0
  [ ! -e "$cached" ] || fail "expected the other assembly to be gone"
  mkdir -p "$cached"
  cp "$feed/packages/$ort.1.29.0-npm.1.nupkg" "$cached/${ort,,}.1.29.0-npm.1.nupkg"
  rm "$feed/packages/$ort.1.29.0-npm.1.nupkg"
  setup; exits 0
  exists "$cached"
}

test_pins_agree_with_the_central_versions() {
  : >"$WORLD/out"; : >"$WORLD/err"
  local props=$root/Directory.Packages.props
  has "<OnnxRuntimeVersion>$(awk -v id=$ort '$2 == id { print $3 }' "$here/pins")<" "$props"
  has "<TorchSharpVersion>$(awk '$2 == "TorchSharp-cpu" { print $3 }' "$here/pins")<" "$props"
  has "<OnnxRuntimeExtensionsVersion>$(awk -v id=$extensions '$2 == id { print $3 }' "$here/pins")<" "$props"
}

# ---- Run --------------------------------------------------------------------------------------------------------------------

tools
registry
passed=0
failed=0
[ $# -gt 0 ] || mapfile -t tests < <(declare -F | awk '$3 ~ /^test_/ { print $3 }')
for test in "${@:-${tests[@]}}"; do
  world
  if ("$test"); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED $test"
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
