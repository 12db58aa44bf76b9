using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using System;

namespace Engine.Starter.Server;

/// <summary>
/// The one failure of this process that is on its way out. Code returns false (or a negative number) and leaves here what
/// happened; whoever answers sends it as an <see cref="ErrorRecord"/>. Texts are copied, so that they outlive buffers.
/// A later failure replaces an earlier one: cleaning up therefore calls <c>Sys</c> and not something that reports here.
/// </summary>
internal static unsafe class Failure
{
    private struct Store
    {
        public uint Stage;
        public int Errno;
        public int OperationLength;
        public int PathLength;
        public int DetailLength;
        public fixed byte Operation[Limits.Name];
        public fixed byte Path[Limits.Path];
        public fixed byte Detail[Limits.Detail];
    }

    private static Store s_store;
    private static StageId s_stage;

    /// <summary>
    /// Which stage this process is in; every record made here carries it. A fork inherits it, so each stage sets it first.
    /// </summary>
    public static StageId Stage
    {
        get => s_stage;
        set => s_stage = value;
    }

    /// <summary>Positive errno of the failure, 0 for a refusal or for none.</summary>
    public static int Errno => s_store.Errno;

    /// <summary>True once something failed since <see cref="Clear"/>.</summary>
    public static bool Any => s_store.OperationLength != 0;

    /// <summary>True when the recorded failure is of <paramref name="operation"/>.</summary>
    public static bool IsOf(ReadOnlySpan<byte> operation)
    {
        fixed (byte* at = s_store.Operation)
        {
            return new Text(at, s_store.OperationLength).Is(operation);
        }
    }

    /// <summary>Forgets the failure.</summary>
    public static void Clear()
    {
        s_store.Stage = (uint)s_stage;
        s_store.Errno = 0;
        s_store.OperationLength = 0;
        s_store.PathLength = 0;
        s_store.DetailLength = 0;
    }

    /// <summary>
    /// System call <paramref name="operation"/> on no particular object failed with <paramref name="result"/>, negative errno. Always
    /// false.
    /// </summary>
    public static bool Call(ReadOnlySpan<byte> operation, long result) => Call(operation, default(Text), result);

    /// <summary>
    /// System call <paramref name="operation"/> on <paramref name="path"/> failed with <paramref name="result"/>, negative errno. Always
    /// false.
    /// </summary>
    public static bool Call(ReadOnlySpan<byte> operation, Text path, long result)
    {
        Begin(operation);
        fixed (byte* to = s_store.Path)
        {
            s_store.PathLength = Copy(to, Limits.Path, path.At, path.Length);
        }

        s_store.Errno = (int)(result < 0 ? -result : result);
        return false;
    }

    /// <inheritdoc cref="Call(ReadOnlySpan{byte}, Text, long)"/>
    public static bool Call(ReadOnlySpan<byte> operation, ReadOnlySpan<byte> path, long result)
    {
        fixed (byte* at = path)
        {
            return Call(operation, new Text(at, path.Length), result);
        }
    }

    /// <summary>A refusal that no system call made, with its reason. Always false.</summary>
    public static bool Refuse(ReadOnlySpan<byte> operation, Text path, ReadOnlySpan<byte> reason)
    {
        Call(operation, path, 0);
        return Explain(reason);
    }

    /// <inheritdoc cref="Refuse(ReadOnlySpan{byte}, Text, ReadOnlySpan{byte})"/>
    public static bool Refuse(ReadOnlySpan<byte> operation, ReadOnlySpan<byte> reason) => Refuse(operation, default, reason);

    /// <summary>Adds words to the failure that was just recorded. Always false.</summary>
    public static bool Explain(ReadOnlySpan<byte> detail)
    {
        fixed (byte* at = detail)
        {
            return Explain(new Text(at, detail.Length));
        }
    }

    /// <inheritdoc cref="Explain(ReadOnlySpan{byte})"/>
    public static bool Explain(Text detail)
    {
        fixed (byte* to = s_store.Detail)
        {
            s_store.DetailLength = Copy(to, Limits.Detail, detail.At, detail.Length);
        }

        return false;
    }

    /// <summary>Adds to the words, as far as there is room.</summary>
    public static void Append(ReadOnlySpan<byte> more)
    {
        fixed (byte* from = more, to = s_store.Detail)
        {
            s_store.DetailLength += Copy(to + s_store.DetailLength, Limits.Detail - s_store.DetailLength, from, more.Length);
        }
    }

    /// <summary>Names the object of the failure that was just recorded, where the code that failed did not know it. Always false.</summary>
    public static bool SetPath(Text path)
    {
        fixed (byte* to = s_store.Path)
        {
            s_store.PathLength = Copy(to, Limits.Path, path.At, path.Length);
        }

        return false;
    }

    /// <summary>Renames what failed, where its caller knows it by a better name. Always false.</summary>
    public static bool SetOperation(ReadOnlySpan<byte> operation)
    {
        fixed (byte* from = operation, to = s_store.Operation)
        {
            s_store.OperationLength = Copy(to, Limits.Name, from, operation.Length);
        }

        return false;
    }

    /// <summary>Takes over a failure that another process reported, with the stage it happened in. Always false.</summary>
    public static bool Adopt(ref ErrorRecord record)
    {
        Call(new ReadOnlySpan<byte>(record.Operation.At, record.Operation.Length), record.Path, record.Errno);
        s_store.Stage = record.Stage;
        return Explain(record.Detail);
    }

    /// <summary>The failure as it goes over the wire. Its texts point into this process's store and change with the next failure.</summary>
    public static ErrorRecord Record()
    {
        ErrorRecord record = default;
        record.Stage = s_store.Stage;
        record.Errno = s_store.Errno;
        fixed (byte* operation = s_store.Operation, path = s_store.Path, detail = s_store.Detail)
        {
            record.Operation = new Text(operation, s_store.OperationLength);
            record.Path = new Text(path, s_store.PathLength);
            record.Detail = new Text(detail, s_store.DetailLength);
        }

        return record;
    }

    private static void Begin(ReadOnlySpan<byte> operation)
    {
        Clear();
        fixed (byte* from = operation, to = s_store.Operation)
        {
            s_store.OperationLength = Copy(to, Limits.Name, from, operation.Length);
        }
    }

    private static int Copy(byte* to, int room, byte* from, int length)
    {
        int count = length < room ? length : room;
        for (int i = 0; i < count; i++)
        {
            to[i] = from[i];
        }

        return count;
    }
}
