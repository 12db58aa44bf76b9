using System.Runtime.InteropServices;
using Engine.Diagnostics;

namespace Engine.Linux;

/// <summary>A POSIX extended regular expression, regcomp(3).</summary>
public sealed unsafe partial class PosixPattern : IDisposable
{
    // regex_t of glibc has 64 bytes.
    private const int OpaqueBytes = 256;
    private const int REG_EXTENDED = 1, REG_NOSUB = 8;
    private void* _compiled;

    /// <summary>Compiles it.</summary>
    /// <exception cref="EngineException">It is none.</exception>
    public PosixPattern(string pattern)
    {
        _compiled = NativeMemory.AllocZeroed(OpaqueBytes);
        int code = regcomp(_compiled, pattern, REG_EXTENDED | REG_NOSUB);
        if (code != 0)
        {
            NativeMemory.Free(_compiled);
            _compiled = null;
            throw new EngineException($"{Quote.Text(pattern)} is no extended regular expression");
        }
    }

    /// <summary>True when it occurs in <paramref name="text"/>.</summary>
    public bool Matches(string text) => regexec(_compiled, text, 0, null, 0) == 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_compiled != null)
        {
            regfree(_compiled);
            NativeMemory.Free(_compiled);
            _compiled = null;
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int regcomp(void* compiled, string pattern, int flags);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int regexec(void* compiled, string text, nuint matches, void* into, int flags);

    [LibraryImport("libc")]
    private static partial void regfree(void* compiled);
}
