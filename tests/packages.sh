#!/usr/bin/env bash
# What people get who never clone: packs everything, then uses nothing but the packed files. The tool is installed and answers; a project of its own references the packages and runs two
# of the samples, one of them with a kernel of its own on 'cpu', on ILGPU's simulator and, where it was built, on the emulated CUDA driver.
#   tests/packages.sh FOLDER [EMULATOR]   FOLDER: for packages and projects; EMULATOR: the folder of libcuda.so.1
# Needs a Release build. Its last line is 'packages: N of N ...'.
set -u -o pipefail
cd "$(dirname "$0")/.."
repository="$PWD" folder="$(mkdir -p "$1" && cd "$1" && pwd)" emulator="${2:-}"
good=0 all=0

# check NAME COMMAND...: counts it, and shows what it said where it fails.
check() {
    local name="$1"
    shift
    all=$((all + 1))
    if "$@" >"$folder/said.txt" 2>&1; then
        good=$((good + 1))
        echo "  $name"
    else
        echo "  $name FAILED: $*"
        tail -n 20 "$folder/said.txt"
    fi
}

# says TEXT COMMAND...: the command succeeds and prints the text.
says() {
    local text="$1"
    shift
    "$@" >"$folder/output.txt" 2>&1
    local code=$?
    cat "$folder/output.txt"
    [ "$code" -eq 0 ] && grep -qF -- "$text" "$folder/output.txt"
}

# has PACKAGE FILE: a packed file lies in a package.
has() {
    unzip -l "$folder/packed/$1.$version.nupkg" >"$folder/listed.txt" && grep -q " $2\$" "$folder/listed.txt"
}

# project NAME SAMPLE PACKAGE: an empty project with a sample's source and one package.
project() {
    mkdir -p "$folder/$1"
    cp "$repository/samples/$2/Program.cs" "$folder/$1/"
    cat >"$folder/$1/$1.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings>
    <AllowUnsafeBlocks>true</AllowUnsafeBlocks>
    <Optimize>true</Optimize>
    <RestoreAdditionalProjectSources>$folder/packed</RestoreAdditionalProjectSources>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="$3" Version="$version" />
  </ItemGroup>
</Project>
XML
    dotnet build "$folder/$1" -c Release -v q --nologo
}

echo "packing"
dotnet pack -c Release --no-build -v q -o "$folder/packed" || { echo "packing failed"; exit 1; }
version="$(basename "$folder"/packed/HeteroAKD.Kernels.0*.nupkg .nupkg)"
version="${version#HeteroAKD.Kernels.}"
echo "version $version"

# Packages of this version are unpacked here: those of another working tree may bear the same number.
export NUGET_PACKAGES="$folder/nuget" RestoreFallbackFolders="${NUGET_PACKAGES:-$HOME/.nuget/packages}"

for package in Kernels Tensors Nn Distillation Weights Training Data Reports Experiments; do
    check "HeteroAKD.$package: documentation" has "HeteroAKD.$package" "lib/net10.0/HeteroAKD.$package.xml"
    check "HeteroAKD.$package: README" has "HeteroAKD.$package" README.md
    check "HeteroAKD.$package: symbols" test -s "$folder/packed/HeteroAKD.$package.$version.snupkg"
done

check "dotnet tool install" dotnet tool install heteroakd --tool-path "$folder/tools" --version "$version" --add-source "$folder/packed"
check "heteroakd --version" says "$version+" "$folder/tools/heteroakd" --version
check "heteroakd quickstart --dry-run" says "nothing was written" "$folder/tools/heteroakd" quickstart --dry-run --out "$folder/run"
check "it wrote nothing" test ! -e "$folder/run"

check "an empty project with the package HeteroAKD.Training" project Trains TrainNetwork HeteroAKD.Training
check "a network of one's own is trained" says "loss" sh -c "cd '$folder' && dotnet '$folder/Trains/bin/Release/net10.0/Trains.dll' cpu 20"
check "an empty project with the package HeteroAKD.Tensors" project Kernel OwnKernel HeteroAKD.Tensors
softsign=(-0.7500 -0.3333 0.0000 0.3333 0.7500)
for device in cpu ilgpu-cpu; do
    check "a kernel of one's own on $device" says "softsign on $device: ${softsign[*]}" dotnet "$folder/Kernel/bin/Release/net10.0/Kernel.dll" "$device"
done
if [ -e "$emulator/libcuda.so.1" ]; then
    check "a kernel of one's own on the emulated CUDA driver" says "softsign on cuda: ${softsign[*]}" \
        env LD_LIBRARY_PATH="$emulator" HETEROAKD_TUNE=off XDG_CACHE_HOME="$folder/cache" dotnet "$folder/Kernel/bin/Release/net10.0/Kernel.dll" cuda
else
    echo "  no emulated CUDA driver: a kernel of one's own does not run on 'cuda'"
fi

echo "packages: $good of $all checks passed"
[ "$good" -eq "$all" ]
