using System.Text;
using Engine.Diagnostics;
using Engine.Linux;
using Engine.Rpc.Linux;
using Engine.Rpc.Transport;
using Engine.Shared.Linux;

namespace Engine.Runtime;

/// <summary>Local stream sockets of the caller's that are handed one descriptor: --console-socket and --pidfd-socket.</summary>
public static class DescriptorSocket
{
    /// <summary>Connects to <paramref name="path"/>, sends <paramref name="descriptor"/> (which stays the caller's) with one message, and closes.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="descriptor">What is handed over.</param>
    /// <param name="what">Option, for the error.</param>
    /// <param name="text">The message: runc sends the terminal's name, of which its callers keep as much as they have room for.</param>
    /// <exception cref="EngineException">Nobody listens there, or the descriptor was not taken.</exception>
    public static void Send(string path, SafeFd descriptor, string what, string text)
    {
        try
        {
            using SafeFd directory = Files.Open(Path.GetDirectoryName(path) ?? "/", fcntl_h.O_PATH);
            using var socket = new FdChannel(UnixSockets.Connect(directory, Path.GetFileName(path)));
            socket.Send(Encoding.UTF8.GetBytes(text), [descriptor.Value]);
        }
        catch (SyscallException error)
        {
            throw new EngineException($"{what} {path}: {error.Message}", inner: error);
        }
    }
}
