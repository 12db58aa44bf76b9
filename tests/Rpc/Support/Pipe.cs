using System.Buffers.Binary;
using System.Diagnostics;

namespace Engine.Tests.Rpc.Support;

/// <summary>A program that reads all its input and then is read.</summary>
public static class Pipe
{
    /// <summary>Its output; fails the test when it does not end with 0.</summary>
    public static byte[] Run(string program, string[] arguments, byte[] input)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = new MemoryStream();
        // Both pipes may fill up: one is read while the other is written.
        var reader = new Thread(() => process.StandardOutput.BaseStream.CopyTo(output));
        string errors = "";
        var errorReader = new Thread(() => errors = process.StandardError.ReadToEnd());
        reader.Start();
        errorReader.Start();
        process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        reader.Join();
        errorReader.Join();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program}: exit code {process.ExitCode}\n{errors}");
        return output.ToArray();
    }

    /// <summary>Pieces with a length before each.</summary>
    public static byte[] Join(IEnumerable<byte[]> pieces)
    {
        var stream = new MemoryStream();
        byte[] head = new byte[4];
        foreach (byte[] piece in pieces)
        {
            BinaryPrimitives.WriteInt32LittleEndian(head, piece.Length);
            stream.Write(head);
            stream.Write(piece);
        }

        return stream.ToArray();
    }

    /// <summary>The opposite of <see cref="Join"/>.</summary>
    public static List<byte[]> Split(byte[] stream)
    {
        var pieces = new List<byte[]>();
        for (int at = 0; at < stream.Length;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(stream.AsSpan(at));
            pieces.Add(stream[(at + 4)..(at + 4 + length)]);
            at += 4 + length;
        }

        return pieces;
    }
}
