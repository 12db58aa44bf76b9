namespace Engine.Tests.Fuzz;

/// <summary>Changes bytes as it pleases, the same way for the same random numbers.</summary>
public sealed class Mutator(Random random, IReadOnlyList<byte[]> seeds, IReadOnlyList<byte[]> words)
{
    private const int Longest = 16 * 1024;

    // Lengths, signs and types at the edge, in several encodings.
    private static readonly byte[] Edges = [0, 1, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc4, 0xc6, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd3, 0xd9, 0xdb, 0xdc, 0xdd, 0xe0, 0xff, (byte)'\n', (byte)'"', (byte)'\\', (byte)'-'];

    /// <summary>A seed with one to eight changes.</summary>
    public byte[] Next()
    {
        var bytes = new List<byte>(seeds[random.Next(seeds.Count)]);
        for (var i = random.Next(1, 9); i > 0; i--)
            Change(bytes);
        return bytes.Count <= Longest ? [.. bytes] : [.. bytes.Take(Longest)];
    }

    private void Change(List<byte> bytes)
    {
        var at = random.Next(bytes.Count + 1);
        var length = Math.Min(random.Next(1, random.Next(2, 64)), bytes.Count - at);
        switch (random.Next(10))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = Edges[random.Next(Edges.Length)];
                break;
            case 2 when at < bytes.Count:
                bytes[at] = (byte)random.Next(256);
                break;
            case 3:
                bytes.RemoveRange(at, length);
                break;
            case 4:
                bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 5:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 6:
                bytes.InsertRange(at, Enumerable.Repeat((byte)random.Next(256), random.Next(1, 300)));
                break;
            case 7:
                bytes.InsertRange(at, Piece(seeds));
                break;
            default:
                if (words.Count > 0)
                    bytes.InsertRange(at, words[random.Next(words.Count)]);
                break;
        }
    }

    private byte[] Piece(IReadOnlyList<byte[]> from)
    {
        var other = from[random.Next(from.Count)];
        var start = random.Next(other.Length + 1);
        return other[start..Math.Min(other.Length, start + random.Next(1, 200))];
    }
}
