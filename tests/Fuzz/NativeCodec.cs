using System.Buffers.Binary;
using System.Diagnostics;
using System.Reflection;

namespace Engine.Tests.Fuzz;

/// <summary>The codec as it is compiled into the starter, in a process of its own: an input that ends it shows as the end of its answers.</summary>
public sealed class NativeCodec : IDisposable
{
    private readonly Process _process = Process.Start(new ProcessStartInfo(typeof(NativeCodec).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "CodecFreestanding").Value!)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    /// <summary>Status (255 for no such kind) and what was written again.</summary>
    public (byte Status, byte[] Written) Recode(byte kind, ReadOnlySpan<byte> bytes)
    {
        Span<byte> head = stackalloc byte[5];
        head[0] = kind;
        BinaryPrimitives.WriteInt32LittleEndian(head[1..], bytes.Length);
        var to = _process.StandardInput.BaseStream;
        to.Write(head);
        to.Write(bytes);
        to.Flush();
        var from = _process.StandardOutput.BaseStream;
        from.ReadExactly(head);
        var written = new byte[BinaryPrimitives.ReadInt32LittleEndian(head[1..])];
        from.ReadExactly(written);
        return (head[0], written);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
            _process.Kill();
        _process.Dispose();
    }
}
