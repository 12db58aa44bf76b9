using System.Runtime.InteropServices;

namespace Engine.Lifecycle;

/// <summary>Passes signals that reach this command on to a container's process, as long as it is not disposed.</summary>
public sealed class SignalForwarding : IDisposable
{
    /// <summary>
    /// What can be caught and means something to a program. Not among them: SIGCHLD, which is about our own children, SIGWINCH,
    /// which goes with the terminal, and what a program does to itself (SIGSEGV and its like): the runtime needs those.
    /// </summary>
    public static readonly int[] Everything = [1, 2, 3, 6, 10, 12, 13, 14, 15, 16, 18, 20, 21, 22, 23, 24, 25, 26, 27, 29, 30, 31, .. Enumerable.Range(34, 31)];

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
