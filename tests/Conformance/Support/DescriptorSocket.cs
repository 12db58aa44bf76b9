using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Engine.Tests.Conformance;

/// <summary>A listening unix socket on which a runtime hands over descriptors: the console socket and the seccomp listener.</summary>
internal sealed partial class DescriptorSocket : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public DescriptorSocket(string path)
    {
        Path = path;
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(4);
    }

    public string Path { get; }

    /// <summary>Waits for a connection and one message with descriptors. The caller owns them.</summary>
    public (string Text, SafeFileHandle[] Descriptors) Receive(double seconds = 10)
    {
        Assert.True(_listener.Poll(TimeSpan.FromSeconds(seconds), SelectMode.SelectRead), $"nobody connected to {Path} within {seconds} s");
        using var peer = _listener.Accept();
        Assert.True(peer.Poll(TimeSpan.FromSeconds(seconds), SelectMode.SelectRead), $"no message on {Path} within {seconds} s");
        return ReceiveMessage((int)peer.Handle);
    }

    public void Dispose()
    {
        _listener.Dispose();
        File.Delete(Path);
    }

    private static unsafe (string, SafeFileHandle[]) ReceiveMessage(int socket)
    {
        const int size = 65536, control = 256, headerBytes = 16, solSocket = 1, scmRights = 1;
        var text = new byte[size];
        var ancillary = new byte[control];
        fixed (byte* data = text)
        fixed (byte* rights = ancillary)
        {
            var vector = new Vector { Base = data, Length = size };
            var message = new Message { Vectors = &vector, VectorCount = 1, Control = rights, ControlLength = control };
            var length = recvmsg(socket, ref message, 0);
            Assert.True(length >= 0, $"recvmsg: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
            var descriptors = new List<SafeFileHandle>();
            if (message.ControlLength >= headerBytes && *(int*)(rights + 8) == solSocket && *(int*)(rights + 12) == scmRights)
            {
                for (var at = headerBytes; at < (int)*(ulong*)rights; at += sizeof(int))
                {
                    descriptors.Add(new SafeFileHandle(*(int*)(rights + at), ownsHandle: true));
                }
            }
            return (Encoding.UTF8.GetString(text, 0, (int)length), [.. descriptors]);
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Vector
    {
        public byte* Base;
        public ulong Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Message
    {
        public void* Name;
        public uint NameLength;
        public Vector* Vectors;
        public ulong VectorCount;
        public void* Control;
        public ulong ControlLength;
        public int Flags;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(int socket, ref Message message, int flags);
}
