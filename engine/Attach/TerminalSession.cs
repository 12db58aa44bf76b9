using System.Runtime.InteropServices;
using Engine.Linux;

namespace Engine.Attach;

/// <summary>
/// This process's terminal while it stands for a container's: every key passed on as typed, restored on every way out. Its
/// size is told at the beginning, when it changes, and when this process was stopped and goes on.
/// </summary>
internal sealed class TerminalSession : IDisposable
{
    private const PosixSignal SigWinch = (PosixSignal)28;

    private readonly int _fd;
    private readonly Action<TerminalSize> _resized;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly object _lock = new();
    private IDisposable? _raw;
    private bool _over;

    private TerminalSession(int fd, Action<TerminalSize> resized)
    {
        _fd = fd;
        _resized = resized;
    }

    /// <summary>Begins on terminal <paramref name="fd"/>. <paramref name="resized"/> is called on other threads, too.</summary>
    public static TerminalSession Begin(int fd, Action<TerminalSize> resized)
    {
        var session = new TerminalSession(fd, resized);
        session._raw = Terminals.MakeRaw(fd);
        session._registrations.Add(PosixSignalRegistration.Create(SigWinch, _ => session.Tell()));
        session._registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => session.GoOn()));
        session.Tell();
        return session;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        lock (_lock)
        {
            _over = true;
            _raw?.Dispose();
        }
    }

    private void Tell()
    {
        if (Terminals.Size(_fd) is { } size)
        {
            _resized(size);
        }
    }

    // While this process was stopped, a shell has made the terminal its own.
    private void GoOn()
    {
        lock (_lock)
        {
            if (_over)
            {
                return;
            }

            _raw?.Dispose();
            _raw = Terminals.MakeRaw(_fd);
        }

        Tell();
    }
}
