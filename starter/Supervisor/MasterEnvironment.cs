namespace Engine.Starter.Supervisor;

/// <summary>The whole environment of a master. Nothing of the caller's gets into it.</summary>
internal static unsafe class MasterEnvironment
{
    /// <summary>How many strings <see cref="Fill"/> writes before the null.</summary>
    public const int Count = 5;

    /// <summary>Fills <paramref name="to"/> with <see cref="Count"/> strings and a null.</summary>
    public static void Fill(byte** to)
    {
        to[0] = CString.Of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"u8);
        to[1] = CString.Of("LC_ALL=C.UTF-8"u8);

        // No diagnostics port, no core-dump child: both would be created in a directory that others write to.
        to[2] = CString.Of("DOTNET_EnableDiagnostics=0"u8);
        to[3] = CString.Of("DOTNET_DbgEnableMiniDump=0"u8);

        // 64 MiB, hexadecimal: a client that floods it ends its own request and not the machine.
        to[4] = CString.Of("DOTNET_GCHeapHardLimit=4000000"u8);
        to[Count] = null;
    }
}
