using System.Runtime.InteropServices;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Shared.Linux;

namespace Engine.Lifecycle;

/// <summary>Connects this command's terminal with the master side of a process's: raw mode, sizes, bytes both ways.</summary>
public static class TerminalRelay
{
    private const int SigWinch = 28;
    private const int ChunkBytes = 32 * 1024;

    /// <summary>Runs until the process's side hangs up. The own terminal is restored on return.</summary>
    public static void Run(SafeFd master)
    {
        using IDisposable? raw = Terminals.IsTerminal(0) ? Terminals.MakeRaw(0) : null;
        using PosixSignalRegistration resize = PosixSignalRegistration.Create((PosixSignal)SigWinch, _ => CopySize(master));
        CopySize(master);
        byte[] buffer = new byte[ChunkBytes];
        bool hasInput = true;
        while (true)
        {
            (bool input, bool output) = Polling.Readable(hasInput ? 0 : -1, master.Value);
            if (input)
            {
                int n = Files.Read(0, buffer);
                hasInput = n > 0;
                if (n > 0 && !TryWrite(master, buffer.AsSpan(0, n)))
                {
                    return;
                }
            }

            if (output)
            {
                // EIO: the last holder of the other side has closed it.
                int n = Files.Read(master.Value, buffer);
                if (n <= 0)
                {
                    return;
                }

                Files.WriteAll(1, buffer.AsSpan(0, n), "standard output");
            }
        }
    }

    private static bool TryWrite(SafeFd master, ReadOnlySpan<byte> bytes)
    {
        try
        {
            Files.WriteAll(master, bytes, "terminal");
            return true;
        }
        catch (SyscallException error) when (error.Errno == Errno.EIO)
        {
            return false;
        }
    }

    private static void CopySize(SafeFd master)
    {
        if (Terminals.Size(0) is { } size)
        {
            Terminals.Resize(master.Value, size);
        }
    }
}
