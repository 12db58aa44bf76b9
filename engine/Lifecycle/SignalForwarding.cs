using System.Runtime.InteropServices;

namespace Engine.Lifecycle;

/// <summary>Passes signals that reach this command on to a container's process, as long as it is not disposed.</summary>
public sealed class SignalForwarding : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>Begins; <paramref name="forward"/> gets the kernel's number, on another thread.</summary>
    public SignalForwarding(IEnumerable<int> signals, Action<int> forward)
    {
        foreach (int signal in signals)
        {
            _registrations.Add(PosixSignalRegistration.Create((PosixSignal)signal, context =>
            {
                context.Cancel = true;
                forward(signal);
            }));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());
}
