using System.Globalization;
using System.Runtime.InteropServices;

namespace Engine.Linux;

/// <summary>Memory of this process that it can do without while it waits.</summary>
public static partial class ResidentMemory
{
    private const int MADV_DONTNEED = 4;

    /// <summary>
    /// Collects and compacts the heap, and lets go of the program's own code and constants, which start-up and creation
    /// have touched nearly all of. Those pages are the file's: they stay in the page cache and come back, sixteen at a
    /// fault, when they are used again.
    /// </summary>
    public static void Release()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        foreach (var (start, length) in CleanFileMappings(File.ReadLines("/proc/self/smaps")))
        {
            // Advice: what is refused stays resident.
            _ = madvise(start, length, MADV_DONTNEED);
        }
    }

    /// <summary>
    /// Mappings of files that are not writable and have no page of their own: thrown away, a page with relocations would
    /// come back without them.
    /// </summary>
    internal static List<(nint Start, nint Length)> CleanFileMappings(IEnumerable<string> smaps)
    {
        var clean = new List<(nint, nint)>();
        (nint Start, nint Length)? candidate = null;
        foreach (string line in smaps)
        {
            if (Heading(line) is { } heading)
            {
                candidate = heading.Candidate;
            }
            else if (candidate is { } mapping && line.StartsWith("Anonymous:", StringComparison.Ordinal))
            {
                if (line.AsSpan("Anonymous:".Length).Trim() is "0 kB")
                {
                    clean.Add(mapping);
                }

                candidate = null;
            }
        }

        return clean;
    }

    // START-END PERMS OFFSET DEVICE INODE PATH; every other line begins with a word and a colon.
    private static ((nint, nint)? Candidate, bool)? Heading(string line)
    {
        int dash = line.IndexOf('-', StringComparison.Ordinal);
        int blank = line.IndexOf(' ', StringComparison.Ordinal);
        if (dash < 0 || blank < dash || !TryHex(line.AsSpan(0, dash), out nint start) || !TryHex(line.AsSpan(dash + 1, blank - dash - 1), out nint end))
        {
            return null;
        }

        bool readOnlyFile = line.Length > blank + 3 && line[blank + 1] == 'r' && line[blank + 2] == '-' && line.Contains(" /", StringComparison.Ordinal);
        return (readOnlyFile ? (start, end - start) : null, true);
    }

    private static bool TryHex(ReadOnlySpan<char> text, out nint value) =>
        nint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);

    [LibraryImport("libc")]
    private static partial int madvise(nint address, nint length, int advice);
}
