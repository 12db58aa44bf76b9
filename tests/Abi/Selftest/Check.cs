namespace Engine.Starter;

/// <summary>Counts checks and names those that fail.</summary>
internal static unsafe class Check
{
    private static int s_done, s_failed;

    public static void Begin() => s_done = s_failed = 0;

    public static void That(bool condition, ReadOnlySpan<byte> name)
    {
        s_done++;
        if (condition)
            return;
        s_failed++;
        byte* buffer = stackalloc byte[200];
        TextBuilder line = new(buffer, 200);
        line.Append("failed: "u8);
        line.Append(name);
        line.Append((byte)'\n');
        Sys.WriteAll(1, line.Span);
    }

    public static int End()
    {
        byte* buffer = stackalloc byte[64];
        TextBuilder line = new(buffer, 64);
        line.AppendDecimal(s_done);
        line.Append(" checks, "u8);
        line.AppendDecimal(s_failed);
        line.Append(" failed\n"u8);
        Sys.WriteAll(1, line.Span);
        return s_failed == 0 ? 0 : 1;
    }
}
