using System.Text;
using Engine.Shared.Protocol;

namespace Engine.Diagnostics;

/// <summary>What this program is.</summary>
public static class BuildInfo
{
    /// <summary>Version of the product.</summary>
    public static string Version => typeof(BuildInfo).Assembly.GetName().Version?.ToString(3) ?? "unknown";

    /// <summary>Build id that all binaries of one build share.</summary>
    public static string Build => Encoding.ASCII.GetString(BuildId.Value);
}
