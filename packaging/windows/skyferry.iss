; The installer for Windows, by Inno Setup 6.3 or later. Compiled by build.py beside this file.
;
; *not run* on Windows yet. Tried under wine 8 (32 bits, Debian) with Inno Setup 6.3.1: this file compiles; without its two
; lines on architectures, and with a plain folder for {autopf}, which wine does not know, setup.exe installed a stand-in
; for the program, replaced it (an old library went, the Start menu kept its entry), and removed all but the profile;
; while another process held the name that running.py gives, it refused to remove anything.
;
; Defines: Version (wanted), Source (the frozen folder), Icon, Output (a folder), Architecture, Suffix, Sign.

#ifndef Version
  #error say the version: ISCC /DVersion=...
#endif
#ifndef Source
  #define Source "..\..\dist\skyferry"
#endif
#ifndef Icon
  #define Icon "..\..\build\icons\skyferry.ico"
#endif
#ifndef Output
  #define Output "..\..\dist"
#endif
#ifndef Architecture
  #define Architecture "x64compatible"
#endif
#ifndef Suffix
  #define Suffix "x64"
#endif

[Setup]
; Never change it: by it Windows knows an older Skyferry, which the new one replaces.
AppId={{8C1E5F0B-6B0E-4E36-9D0C-7A4E0A3B51D7}
AppName=Skyferry
AppVersion={#Version}
AppVerName=Skyferry {#Version}
AppPublisher=Skyferry contributors
VersionInfoVersion={#Version}
; For one user and without an administrator's rights, unless somebody asks for all users.
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog commandline
DefaultDirName={autopf}\Skyferry
DisableProgramGroupPage=yes
ArchitecturesAllowed={#Architecture}
ArchitecturesInstallIn64BitMode={#Architecture}
; Windows 10 1809, the oldest that Qt 6.8 and later run on.
MinVersion=10.0.17763
LicenseFile=..\..\LICENSE
SetupIconFile={#Icon}
UninstallDisplayIcon={app}\skyferry.exe
UninstallDisplayName=Skyferry
WizardStyle=modern
Compression=lzma2/max
SolidCompression=yes
OutputDir={#Output}
OutputBaseFilename=skyferry-{#Version}-windows-{#Suffix}-setup
; A Skyferry that runs is asked to quit; it pauses its transfers as it does at every quit.
CloseApplications=yes
RestartApplications=no
SetupLogging=yes
#ifdef Sign
; The command comes by ISCC's /Sskyferry=... ; the uninstaller is signed by it too.
SignTool=skyferry
#endif

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; GroupDescription: "{cm:AdditionalIcons}"; Flags: unchecked

[InstallDelete]
; Libraries of the older version that the new one no longer has. Nothing of a user is in there.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
; No folder skyferry-data: beside the program it would make this a portable Skyferry.
Source: "{#Source}\*"; DestDir: "{app}"; Excludes: "\skyferry-data"; Flags: ignoreversion recursesubdirs createallsubdirs

[Icons]
Name: "{autoprograms}\Skyferry"; Filename: "{app}\skyferry.exe"; AppUserModelID: "Skyferry.Skyferry"; Comment: "A desktop browser for every object store"
Name: "{autodesktop}\Skyferry"; Filename: "{app}\skyferry.exe"; AppUserModelID: "Skyferry.Skyferry"; Tasks: desktopicon

[Run]
Filename: "{app}\skyferry.exe"; Description: "{cm:LaunchProgram,Skyferry}"; Flags: nowait postinstall skipifsilent

; No [UninstallDelete]: what a user made stays, and the question before says so.

[Messages]
ConfirmUninstall=Remove %1 from this computer?%n%nYour accounts, settings and the journal of your transfers stay, in AppData\Local\skyferry of your user profile. Passwords and keys stay in Windows' Credential Manager, under "skyferry". Delete them there if you want them gone.

[Code]
{ The name that running.py gives. Windows cannot delete a program that runs, and half of one would stay. }
function InitializeUninstall(): Boolean;
begin
  Result := True;
  while Result and CheckForMutexes('SkyferryIsRunning') do
    Result := SuppressibleMsgBox('Skyferry is running. Quit it, then click OK.', mbError, MB_OKCANCEL, IDCANCEL) = IDOK;
end;
