using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Spec;

namespace Engine.Monitor;

/// <summary>
/// The container's configuration, by the descriptor of the copy that was checked at create. It is read when a method
/// needs it, and not kept: most masters answer one question and leave.
/// </summary>
/// <param name="file">config.json, open for reading; stays the caller's.</param>
public sealed class ConfigFile(SafeFd file)
{
    private const string Name = "config.json";
    private const int MaxConfig = 16 * 1024 * 1024;

    /// <summary>The configuration.</summary>
    public RuntimeSpec Read() => ConfigLoader.Load(Files.ReadAll(file, Name, MaxConfig), Name);
}
