# Builds, tests, measures and runs the project. A verb is one call of dotnet; what follows the verb goes to it.
#   ./build.ps1 build        ./build.ps1 test --filter ConfusionMatrix        ./build.ps1 quickstart --seeds 5
$verb, $rest = $args
switch ($verb) {
    'restore' { dotnet restore $PSScriptRoot @rest }
    'build' { dotnet build $PSScriptRoot -c Release @rest }
    'test' { dotnet test $PSScriptRoot -c Release @rest }
    'bench' { dotnet run -c Release --project "$PSScriptRoot/bench/HeteroAKD.Bench" -- @rest }
    'quickstart' { dotnet run -c Release --project "$PSScriptRoot/src/HeteroAKD.Cli" -- quickstart @rest }
    default { throw "usage: ./build.ps1 restore | build | test | bench | quickstart [arguments]" }
}
exit $LASTEXITCODE
