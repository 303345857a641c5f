# Installs the claudemesh command line from the relay at @ORIGIN@, and joins a mesh:
#
#   & ([scriptblock]::Create((irm @ORIGIN@/install.ps1))) 'INVITE LINK'
#
# The link is handed to "claudemesh join" on this machine; nothing of it goes to the relay with this script. What follows
# the link goes to "claudemesh join" too, such as --as NAME. Without a link, claudemesh is installed and nothing else.
#
# CLAUDEMESH_INSTALL_DIR is the folder for the program; without it, that is Programs\claudemesh in the local application
# data.
#
# This script, the program and the SHA-256 sum that it is held to all come from the relay. The sum finds a broken
# download; it does not protect from the relay's operator. Who does not want to trust that builds claudemesh from its
# source.
param([Parameter(ValueFromRemainingArguments = $true)] [string[]] $Arguments)

function Install-Claudemesh {
    param([string[]] $Arguments)

    $ErrorActionPreference = 'Stop'
    # Windows PowerShell spends most of a download on drawing its progress.
    $ProgressPreference = 'SilentlyContinue'
    $origin = '@ORIGIN@'
    $version = '@VERSION@'
    # Each line: name, operating system, architecture, bytes, SHA-256.
    $programs = '@PROGRAMS@'

    if ([Environment]::OSVersion.Platform -ne 'Win32NT') {
        throw "claudemesh: this script is for Windows. Here: curl -fsSL $origin/install.sh | sh -s -- 'INVITE LINK'"
    }
    # A 32-bit PowerShell says what it is itself, and beside it what the machine is.
    $machine = $env:PROCESSOR_ARCHITECTURE
    if ($env:PROCESSOR_ARCHITEW6432) { $machine = $env:PROCESSOR_ARCHITEW6432 }
    $machine = $machine.ToLowerInvariant()

    $chosen = $null
    $offered = @()
    foreach ($line in ($programs -split '\r?\n')) {
        $fields = $line -split ' '
        $offered += $fields[1] + '/' + $fields[2]
        if ($fields[1] -eq 'windows' -and $fields[2] -eq $machine) { $chosen = $fields }
    }
    if (-not $chosen) {
        throw "claudemesh: this relay has no claudemesh for windows/$machine. It has: $($offered -join ' '). Build it from its source."
    }
    $name = $chosen[0]
    $bytes = $chosen[3]
    $expected = $chosen[4]

    $folder = $env:CLAUDEMESH_INSTALL_DIR
    if (-not $folder) { $folder = Join-Path $env:LOCALAPPDATA 'Programs\claudemesh' }
    New-Item -ItemType Directory -Force -Path $folder | Out-Null
    $folder = (Resolve-Path -LiteralPath $folder).ProviderPath
    $target = Join-Path $folder 'claudemesh.exe'
    # In the folder of the program, so that it takes its place in one step.
    $work = Join-Path $folder ('.claudemesh.' + [guid]::NewGuid().ToString('N'))
    New-Item -ItemType Directory -Path $work | Out-Null
    try {
        $received = Join-Path $work 'claudemesh.exe'
        Write-Host "Downloading $name ($bytes bytes) from $origin"
        if ($origin.StartsWith('https:')) {
            [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
        }
        Invoke-WebRequest -UseBasicParsing -Uri ($origin + '/downloads/' + $name + '?sha256=' + $expected) -OutFile $received
        $actual = (Get-FileHash -LiteralPath $received -Algorithm SHA256).Hash.ToLowerInvariant()
        if ($actual -ne $expected) {
            throw "claudemesh: the download is not the program that the relay announced. Nothing was installed.`n  SHA-256 announced: $expected`n  SHA-256 received:  $actual"
        }
        # Windows does not replace a program that runs, but it lets it be moved.
        $former = Join-Path $work 'former.exe'
        if (Test-Path -LiteralPath $target) { Move-Item -LiteralPath $target -Destination $former }
        try {
            Move-Item -LiteralPath $received -Destination $target
        } catch {
            if (Test-Path -LiteralPath $former) { Move-Item -LiteralPath $former -Destination $target }
            throw
        }
    } finally {
        Remove-Item -LiteralPath $work -Recurse -Force -ErrorAction SilentlyContinue
    }
    Write-Host "Installed $target, version $version. Its SHA-256 is the one that the relay announced; both come from $origin."

    if (($env:PATH -split ';') -notcontains $folder) {
        Write-Host "$folder is not in PATH. To have it there in new windows:"
        Write-Host "  [Environment]::SetEnvironmentVariable('Path', [Environment]::GetEnvironmentVariable('Path', 'User') + ';$folder', 'User')"
    }
    if (-not $Arguments) {
        Write-Host "To join a mesh: & '$target' join 'INVITE LINK' --setup"
        return
    }
    # "exit" would close the window that this runs in.
    & $target join --setup @Arguments
    if ($LASTEXITCODE -ne 0) { throw "claudemesh: joining ended with exit code $LASTEXITCODE. The program is installed." }
}

Install-Claudemesh -Arguments $Arguments
