using System.Buffers.Binary;
using System.Diagnostics;
using System.Reflection;

namespace Engine.Tests.Fuzz;

/// <summary>
/// Readers as they are compiled into the freestanding programs, in a process of its own: an input that ends it shows as the end of its answers.
/// </summary>
/// <param name="name">CodecFreestanding or StarterFuzz: metadata of this assembly says where it is.</param>
public sealed class NativeProgram(string name) : IDisposable
{
    // The starter keeps the mapping of its plan for life; a process may have 65530.
    private const int MostCases = 20_000;

    private Process? _process;
    private int _cases;

    /// <summary>Status, and what the reader made of the bytes.</summary>
    public (byte Status, byte[] Written) Ask(byte kind, ReadOnlySpan<byte> bytes)
    {
        if (_process is null || ++_cases > MostCases)
        {
            Start();
        }
        Span<byte> head = stackalloc byte[5];
        head[0] = kind;
        BinaryPrimitives.WriteInt32LittleEndian(head[1..], bytes.Length);
        var to = _process!.StandardInput.BaseStream;
        to.Write([.. head, .. bytes]);
        to.Flush();
        var from = _process.StandardOutput.BaseStream;
        from.ReadExactly(head);
        var written = new byte[BinaryPrimitives.ReadInt32LittleEndian(head[1..])];
        from.ReadExactly(written);
        return (head[0], written);
    }

    public void Dispose()
    {
        if (_process is null)
        {
            return;
        }
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended: that is the finding.
        }
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
            _process.Kill();
        _process.Dispose();
        _process = null;
    }

    private void Start()
    {
        Dispose();
        _cases = 0;
        var path = typeof(NativeProgram).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == name).Value!;
        _process = Process.Start(new ProcessStartInfo(path) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }
}
