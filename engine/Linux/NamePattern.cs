using System.Runtime.InteropServices;

namespace Engine.Linux;

/// <summary>Patterns of names as a shell has them: <c>*</c>, <c>?</c>, <c>[a-z]</c>; fnmatch(3).</summary>
public static partial class NamePattern
{
    /// <summary>True when the whole of <paramref name="name"/> is of the pattern.</summary>
    public static bool Matches(string pattern, string name) => fnmatch(pattern, name, 0) == 0;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int fnmatch(string pattern, string name, int flags);
}
