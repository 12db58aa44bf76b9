using System.Buffers.Binary;
using System.Reflection;

namespace Engine.Tests.Abi;

/// <summary>What the files themselves promise: no loader, no interpreter, nothing writable and executable, small.</summary>
public class BinaryTests
{
    private const uint PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3, PT_GNU_STACK = 0x6474e551, PT_GNU_RELRO = 0x6474e552;
    private const uint PF_X = 1, PF_W = 2;
    private const ulong DT_NULL = 0, DT_NEEDED = 1, DT_TEXTREL = 22, DT_RPATH = 15, DT_RUNPATH = 29;
    private const int ET_DYN = 3;

    private sealed record Segment(uint Type, uint Flags, ulong Offset, ulong FileSize);

    private static string Out => Environment.GetEnvironmentVariable("ENGINE_OUT") ??
        typeof(BinaryTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "OutDirectory").Value!;

    [Theory]
    [InlineData("libexec/engine/starter")]
    [InlineData("libexec/engine/pump")]
    public void A_freestanding_program_is_hardened(string name)
    {
        byte[] file = File.ReadAllBytes(Path.Combine(Out, name));
        Assert.Equal(ET_DYN, BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(16)));
        List<Segment> segments = Segments(file);

        Assert.DoesNotContain(segments, s => s.Type == PT_INTERP);
        Assert.Contains(segments, s => s.Type == PT_GNU_RELRO);
        Assert.Equal(0u, Assert.Single(segments, s => s.Type == PT_GNU_STACK).Flags & PF_X);
        Assert.DoesNotContain(segments, s => s.Type == PT_LOAD && (s.Flags & (PF_W | PF_X)) == (PF_W | PF_X));
        Assert.Single(segments, s => s.Type == PT_LOAD && (s.Flags & PF_X) != 0);

        HashSet<ulong> tags = DynamicTags(file, segments.Single(s => s.Type == PT_DYNAMIC));
        Assert.DoesNotContain(DT_NEEDED, tags);
        Assert.DoesNotContain(DT_TEXTREL, tags);
        Assert.DoesNotContain(DT_RPATH, tags);
        Assert.DoesNotContain(DT_RUNPATH, tags);
    }

    [Fact]
    public void The_starter_stays_below_200_KiB() =>
        Assert.InRange(new FileInfo(Path.Combine(Out, "libexec/engine/starter")).Length, 1, 200 * 1024);

    private static List<Segment> Segments(byte[] file)
    {
        int offset = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(32));
        int size = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(54)), count = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(56));
        List<Segment> segments = [];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = file.AsSpan(offset + i * size, size);
            segments.Add(new(BinaryPrimitives.ReadUInt32LittleEndian(header), BinaryPrimitives.ReadUInt32LittleEndian(header[4..]),
                BinaryPrimitives.ReadUInt64LittleEndian(header[8..]), BinaryPrimitives.ReadUInt64LittleEndian(header[32..])));
        }
        return segments;
    }

    private static HashSet<ulong> DynamicTags(byte[] file, Segment dynamic)
    {
        HashSet<ulong> tags = [];
        for (ulong at = dynamic.Offset; at < dynamic.Offset + dynamic.FileSize; at += 16)
        {
            ulong tag = BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan((int)at));
            if (tag == DT_NULL)
                break;
            tags.Add(tag);
        }
        return tags;
    }
}
