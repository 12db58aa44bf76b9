using Engine.Shared.Protocol;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>A failure that nobody waits for: one line on descriptor 2, which is the master's diagnostics or /dev/null.</summary>
internal static unsafe class Complaint
{
    private const int LineBytes = 1024;

    /// <summary>Writes the present failure and forgets it.</summary>
    public static void Write()
    {
        byte* buffer = stackalloc byte[LineBytes];
        ErrorRecord record = Failure.Record();
        TextBuilder line = new TextBuilder(buffer, LineBytes);
        line.Append(StageNames.Of((StageId)record.Stage));
        line.Append((byte)' ');
        line.Append(new ReadOnlySpan<byte>(record.Operation.At, record.Operation.Length));
        if (!record.Path.IsEmpty)
        {
            line.Append((byte)' ');
            line.Append(new ReadOnlySpan<byte>(record.Path.At, record.Path.Length));
        }

        if (record.Errno != 0)
        {
            line.Append(": "u8);
            line.Append(Errno.Name(record.Errno));
        }

        if (!record.Detail.IsEmpty)
        {
            line.Append(": "u8);
            line.Append(new ReadOnlySpan<byte>(record.Detail.At, record.Detail.Length));
        }

        line.Append((byte)'\n');
        Sys.WriteAll(2, line.Span);
        Failure.Clear();
    }
}
