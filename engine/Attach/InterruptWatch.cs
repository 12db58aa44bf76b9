using System.Runtime.InteropServices;
using Engine.Linux;

namespace Engine.Attach;

/// <summary>
/// Signals that would end this process, turned into a reason to end the session while the terminal is in raw mode: their
/// default would leave it so.
/// </summary>
internal sealed class InterruptWatch : IDisposable
{
    private static readonly (PosixSignal Signal, int Number)[] Ending =
        [(PosixSignal.SIGHUP, 1), (PosixSignal.SIGINT, 2), (PosixSignal.SIGQUIT, 3), (PosixSignal.SIGTERM, 15)];

    private readonly List<PosixSignalRegistration> _registrations = [];
    private volatile int _signal;

    /// <summary>Begins, unless the caller looks after signals itself.</summary>
    public InterruptWatch(bool isWanted, WakeUp wake)
    {
        foreach (var (signal, number) in isWanted ? Ending : [])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                _signal = number;
                wake.Set();
            }));
        }
    }

    /// <summary>The signal that came, or 0.</summary>
    public int Signal => _signal;

    /// <inheritdoc/>
    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());
}
