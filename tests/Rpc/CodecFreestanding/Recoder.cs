using Engine.Shared.Protocol;
using Engine.Shared.Wire;

namespace Engine.Starter;

/// <summary>
/// Reads any message of the protocol and writes it again. Compiled into the freestanding program and into the tests: the two must agree,
/// byte by byte, on what they accept and on what they write.
/// </summary>
public static unsafe class Recoder
{
    /// <summary>Kinds of messages, from 0.</summary>
    public const int Kinds = 42;

    /// <summary>One message of <paramref name="kind"/>; -1 for no such kind, else the reading's or the writing's status.</summary>
    public static int Recode(int kind, byte* input, int length, byte* output, int capacity, out int written)
    {
        switch (kind)
        {
            case 0: return One<Nothing>(input, length, output, capacity, out written);
            case 1: return One<Hello>(input, length, output, capacity, out written);
            case 2: return One<ErrorRecord>(input, length, output, capacity, out written);
            case 3: return One<SaveState>(input, length, output, capacity, out written);
            case 4: return One<OpenCgroup>(input, length, output, capacity, out written);
            case 5: return One<WriteCgroup>(input, length, output, capacity, out written);
            case 6: return One<SetCgroupDevices>(input, length, output, capacity, out written);
            case 7: return One<CloneSource>(input, length, output, capacity, out written);
            case 8: return One<SourceKind>(input, length, output, capacity, out written);
            case 9: return One<OpenNamespace>(input, length, output, capacity, out written);
            case 10: return One<Spawn>(input, length, output, capacity, out written);
            case 11: return One<Spawned>(input, length, output, capacity, out written);
            case 12: return One<RunHook>(input, length, output, capacity, out written);
            case 13: return One<Kill>(input, length, output, capacity, out written);
            case 14: return One<Resize>(input, length, output, capacity, out written);
            case 15: return One<StateChange>(input, length, output, capacity, out written);
            case 16: return One<AttachRoot>(input, length, output, capacity, out written);
            case 17: return One<MountFilesystem>(input, length, output, capacity, out written);
            case 18: return One<MountBind>(input, length, output, capacity, out written);
            case 19: return One<ChangeMount>(input, length, output, capacity, out written);
            case 20: return One<CreateDirectory>(input, length, output, capacity, out written);
            case 21: return One<CreateDevice>(input, length, output, capacity, out written);
            case 22: return One<CreateSymlink>(input, length, output, capacity, out written);
            case 23: return One<CreateConsole>(input, length, output, capacity, out written);
            case 24: return One<PathRequest>(input, length, output, capacity, out written);
            case 25: return One<SetSysctl>(input, length, output, capacity, out written);
            case 26: return One<SetName>(input, length, output, capacity, out written);
            case 27: return One<EnterRoot>(input, length, output, capacity, out written);
            case 28: return One<Launch>(input, length, output, capacity, out written);
            case 29: return One<ExecCgroups>(input, length, output, capacity, out written);
            case 30: return One<LaunchResult>(input, length, output, capacity, out written);
            case 31: return One<StageNote>(input, length, output, capacity, out written);
            case 32: return One<PumpNote>(input, length, output, capacity, out written);
            case 33: return One<ProcessPlan>(input, length, output, capacity, out written);
            case 34: return One<RaiseLimits>(input, length, output, capacity, out written);
            case 35: return One<MoveNetDevice>(input, length, output, capacity, out written);
            case 36: return One<PreservedDescriptors>(input, length, output, capacity, out written);
            case 37: return One<ConnectSocket>(input, length, output, capacity, out written);
            case 38: return One<NamespaceEntry>(input, length, output, capacity, out written);
            case 39: return One<NamespaceMapped>(input, length, output, capacity, out written);
            case 40: return One<StartPayload>(input, length, output, capacity, out written);
            case 41: return Envelope(input, length, output, capacity, out written);
            default:
                written = 0;
                return -1;
        }
    }

    private static int One<T>(byte* input, int length, byte* output, int capacity, out int written)
        where T : struct, IMessage
    {
        written = 0;
        T message = default;
        Codec reader = Codec.Reader(input, length);
        message.Fields(ref reader);
        reader.End();
        if (!reader.Ok)
            return (int)reader.Status;
        Codec writer = Codec.Writer(output, capacity);
        message.Fields(ref writer);
        written = writer.Ok ? writer.Position : 0;
        return (int)writer.Status;
    }

    // A frame around Nothing, or around an error record.
    private static int Envelope(byte* input, int length, byte* output, int capacity, out int written)
    {
        written = 0;
        Codec reader = Codec.Reader(input, length);
        Codec writer = Codec.Writer(output, capacity);
        if (!Frame.Open(ref reader, out Frame frame))
            return (int)reader.Status;
        Nothing nothing = default;
        ErrorRecord error = default;
        bool failed = frame.Type == (uint)FrameType.Response && !reader.TakeNil();
        if (failed)
        {
            error.Fields(ref reader);
            if (reader.Ok && !reader.TakeNil())
                reader.Fail(WireStatus.Type);
        }
        else
        {
            nothing.Fields(ref reader);
        }
        reader.End();
        if (!reader.Ok)
            return (int)reader.Status;
        Begin(ref writer, frame, failed, ref error);
        if (!failed)
            nothing.Fields(ref writer);
        written = writer.Ok ? writer.Position : 0;
        return (int)writer.Status;
    }

    private static void Begin(ref Codec writer, Frame frame, bool failed, ref ErrorRecord error)
    {
        if (frame.Type == (uint)FrameType.Request)
            Frame.Request(ref writer, frame.Id, frame.Method);
        else if (frame.Type == (uint)FrameType.Notification)
            Frame.Notification(ref writer, frame.Method);
        else if (failed)
            Frame.Failure(ref writer, frame.Id, ref error);
        else
            Frame.Success(ref writer, frame.Id);
    }
}
