using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Supervisor;

/// <summary>Why the container ended: the stage's failure when the payload never ran, else its exit status. And the sentence of "exitDesc".</summary>
internal static unsafe class ExitReason
{
    // Of path and detail only so much is kept as a sentence bears.
    private const int Room = 512;

    private struct Store
    {
        public fixed byte Operation[Limits.Name];
        public fixed byte Path[Room];
        public fixed byte Detail[Room];
    }

    private static Store s_store;
    private static ErrorRecord s_record;
    private static bool s_kept;

    /// <summary>Keeps the present <see cref="Failure"/>: the payload was never executed.</summary>
    public static void Keep()
    {
        ErrorRecord record = Failure.Record();
        s_kept = true;
        s_record.Stage = record.Stage;
        s_record.Errno = record.Errno;
        fixed (byte* operation = s_store.Operation, path = s_store.Path, detail = s_store.Detail)
        {
            s_record.Operation = Copy(record.Operation, operation, Limits.Name);
            s_record.Path = Copy(record.Path, path, Room);
            s_record.Detail = Copy(record.Detail, detail, Room);
        }
    }

    /// <summary>Makes what was kept the present failure again.</summary>
    public static void Recall() => Failure.Adopt(ref s_record);

    /// <summary>Appends the sentence; it holds nothing that JSON would want escaped.</summary>
    public static void Append(ref TextBuilder to)
    {
        if (s_kept)
            AppendFailure(ref to);
        else if (Facts.ExitSignal == 0)
            AppendCode(ref to);
        else
            AppendSignal(ref to);
    }

    private static void AppendCode(ref TextBuilder to)
    {
        to.Append("exited with code "u8);
        to.AppendDecimal(Facts.ExitCode);
    }

    private static void AppendSignal(ref TextBuilder to)
    {
        to.Append("interrupted by signal "u8);
        ReadOnlySpan<byte> name = SignalNames.Name(Facts.ExitSignal);
        if (name[0] == '?')
        {
            to.AppendDecimal(Facts.ExitSignal);
            return;
        }

        to.Append("SIG"u8);
        to.Append(name);
    }

    private static void AppendFailure(ref TextBuilder to)
    {
        AppendPlain(ref to, s_record.Operation);
        if (!s_record.Path.IsEmpty)
        {
            to.Append((byte)' ');
            AppendPlain(ref to, s_record.Path);
        }

        if (s_record.Errno != 0)
        {
            to.Append(": "u8);
            to.Append(Errno.Name(s_record.Errno));
        }

        if (!s_record.Detail.IsEmpty)
        {
            to.Append(": "u8);
            AppendPlain(ref to, s_record.Detail);
        }
    }

    // Whatever is not a plain ASCII character becomes a question mark: the sentence is for people, the record went to the caller whole.
    private static void AppendPlain(ref TextBuilder to, Text text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            byte c = text.At[i];
            to.Append(c < ' ' || c > '~' ? (byte)'?' : c == '"' || c == '\\' ? (byte)'\'' : c);
        }
    }

    private static Text Copy(Text from, byte* to, int room)
    {
        int length = from.Length < room ? from.Length : room;
        for (int i = 0; i < length; i++)
            to[i] = from.At[i];
        return new Text(to, length);
    }
}
