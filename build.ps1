# Builds, tests, measures and runs the project. A verb calls dotnet; what follows the verb goes to it.
#   ./build.ps1 build        ./build.ps1 test --filter ConfusionMatrix        ./build.ps1 quickstart --seeds 5
$verb, $rest = $args
switch ($verb) {
    'restore' { dotnet restore $PSScriptRoot @rest }
    'build' { dotnet build $PSScriptRoot -c Release @rest }
    'test' { dotnet test $PSScriptRoot -c Release @rest }
    'bench' { dotnet run -c Release --project "$PSScriptRoot/bench/HeteroAKD.Bench" -- @rest }
    'quickstart' { dotnet run -c Release --project "$PSScriptRoot/src/HeteroAKD.Cli" -- quickstart @rest }
    'pack' { dotnet pack $PSScriptRoot -c Release @rest }
    'site' { dotnet tool restore; dotnet docfx "$PSScriptRoot/docfx.json" @rest }
    default { throw "usage: ./build.ps1 restore | build | test | bench | quickstart | pack | site [arguments]" }
}
exit $LASTEXITCODE
