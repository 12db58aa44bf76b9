using System.Runtime.InteropServices;

namespace Engine.Linux;

/// <summary>syslog(3).</summary>
public static partial class SystemLog
{
    private const int LOG_ERR = 3, LOG_WARNING = 4;
    private const int LOG_USER = 1 << 3;
    private const int LOG_PID = 1;

    /// <summary>Sends one line. Without a system log it is lost, as everybody's is.</summary>
    public static void Write(string ident, bool isError, string text)
    {
        // openlog keeps the pointer.
        nint kept = Marshal.StringToCoTaskMemUTF8(ident);
        openlog(kept, LOG_PID, LOG_USER);
        syslog(isError ? LOG_ERR : LOG_WARNING, "%s", text);
        closelog();
        Marshal.FreeCoTaskMem(kept);
    }

    [LibraryImport("libc")]
    private static partial void openlog(nint ident, int option, int facility);

    // Variadic in C; pointer arguments travel as they would to a fixed function.
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial void syslog(int priority, string format, string text);

    [LibraryImport("libc")]
    private static partial void closelog();
}
