// Process:      the starter of an ordinary user, without the set-uid bit, scrubbed; its last act is to execute itself again
// Ids:          caller/caller/caller; then 0/0/0 of a user namespace of the caller's, which is the caller outside
// Capabilities: none; then all in that user namespace
// Namespaces:   the caller's; then a new user and mount namespace (create), or the user namespace of a container of the caller's (exec)
// Trusts:       the CLI, which is the same user: what the kernel lets the caller do in a user namespace is all that can come of it
// Gives up:     being dumpable again, which it is only while the CLI writes its id maps; itself, by execve

using Engine.Shared.Protocol;
using Engine.Shared.Wire;
using Engine.Starter.Server;

namespace Engine.Starter.Stages;

/// <summary>
/// The rootless workflow's way in. The program is executed again inside: only then do its files in /proc, and those of its children,
/// belong to the namespace's root, and everything behind it is the root workflow in a user namespace, in which the kernel decides.
/// </summary>
internal static unsafe class Stage1Rootless
{
    private const int Bytes = 1024;

    private struct Store
    {
        public fixed byte Frame[Bytes];
    }

    private static Store s_store;
    private static NamespaceEntry s_entry;
    private static int s_image = -1, s_namespace = -1;

    /// <summary>Runs everything; returns only with the exit status of a failure.</summary>
    public static int Run()
    {
        Stage.Enter(StageId.Rootless);
        if (Receive() && Enter())
            Execute();
        return Failed();
    }

    /// <summary>Tells the CLI of this process's <see cref="Failure"/>; the result is the exit status.</summary>
    public static int Failed()
    {
        LaunchReply.Failed();
        return 255;
    }

    private static bool Receive()
    {
        fixed (byte* frame = s_store.Frame)
        {
            Inbox inbox = new Inbox(frame, Bytes);
            Arrival arrival = Channel.Receive(Stage0Entry.LaunchSocket, ref inbox);
            if (arrival == Arrival.Broken)
                return false;
            if (arrival != Arrival.Message)
                return Failure.Refuse("launch"u8, "the caller closed the launch socket before it said which user namespace"u8);

            Codec c = Codec.Reader(inbox.Buffer, inbox.Length);
            s_entry.Fields(ref c);
            c.End();
            int count = inbox.Count;
            s_image = inbox.Take(0);
            s_namespace = inbox.Take(1);
            inbox.CloseAll();
            return Check(ref c, count);
        }
    }

    private static bool Check(ref Codec c, int descriptors)
    {
        if ((c.Ok || c.Position > 0) && (s_entry.Version != Limits.Version || !s_entry.Build.Is(BuildId.Value)))
            return Failure.Refuse("launch"u8, "engine and starter are from different builds; install them together"u8);
        if (!c.Ok)
            return Failure.Refuse("launch"u8, Wording.Of(c.Status));
        bool make = s_entry.Kind == (uint)NamespaceEntryKind.Make;
        bool join = s_entry.Kind == (uint)NamespaceEntryKind.Join || s_entry.Kind == (uint)NamespaceEntryKind.JoinAndMakeMounts;
        return (make && descriptors == 1) || (join && descriptors == 2) ||
            Failure.Refuse("launch"u8, "an unknown way into a user namespace, or not its descriptors"u8);
    }

    private static bool Enter()
    {
        if (s_entry.Kind == (uint)NamespaceEntryKind.Make)
            return Make();

        int result = Sys.setns(s_namespace, CLONE_NEWUSER);
        if (result < 0)
            return Failure.Call("setns"u8, "user namespace"u8, result);
        if (s_entry.Kind == (uint)NamespaceEntryKind.JoinAndMakeMounts)
            result = Sys.unshare(CLONE_NEWNS);
        if (result < 0)
            return Failure.Call("unshare"u8, "mount namespace"u8, result);
        return Privileges.BecomeNamespaceRoot() || Failure.Explain("id 0 of the user namespace must be mapped"u8);
    }

    // The mounts are slaves of the host's from the first moment: the kernel makes them so where a mount namespace belongs to another user
    // namespace than the one it is copied from (mount_namespaces(7)). Until the maps are there this process has no mapped id; nobody else
    // is in the namespace who could trace it (CVE-2015-8709).
    private static bool Make()
    {
        int result = Sys.unshare(CLONE_NEWUSER | CLONE_NEWNS);
        if (result < 0)
        {
            Failure.Call("unshare"u8, "user namespace"u8, result);
            return Failure.Explain(result == -ENOSPC
                ? "the limit /proc/sys/user/max_user_namespaces is reached"u8
                : "this machine does not let an ordinary user make one; 'engine doctor' says why"u8);
        }

        // uid_map and gid_map belong to root while the process is not dumpable, and newuidmap asks for the owner, too.
        result = Sys.prctl(PR_SET_DUMPABLE, 1);
        if (result < 0)
            return Failure.Call("prctl(PR_SET_DUMPABLE)"u8, result);
        if (!LaunchReply.WantsMaps(Sys.getpid()) || !AwaitMaps())
            return false;
        result = Sys.prctl(PR_SET_DUMPABLE, 0);
        return result >= 0 ? Privileges.BecomeNamespaceRoot() : Failure.Call("prctl(PR_SET_DUMPABLE)"u8, result);
    }

    private static bool AwaitMaps()
    {
        byte* buffer = stackalloc byte[64];
        Inbox inbox = new Inbox(buffer, 64);
        Arrival arrival = Channel.Receive(Stage0Entry.LaunchSocket, ref inbox);
        inbox.CloseAll();
        if (arrival != Arrival.Message)
            return arrival != Arrival.Broken && Failure.Refuse("launch"u8, "the caller ended before the id maps were written"u8);
        Codec c = Codec.Reader(inbox.Buffer, inbox.Length);
        NamespaceMapped message = default;
        message.Fields(ref c);
        c.End();
        return (c.Ok && message.Done == 1) || Failure.Refuse("launch"u8, "expected the word that the id maps are written"u8);
    }

    // The launch socket is the one descriptor that goes along; what else is open (0 to 2 but for ours) was left open for us.
    private static void Execute()
    {
        byte** arguments = stackalloc byte*[4];
        arguments[0] = CString.Of("starter"u8);
        arguments[1] = s_entry.Purpose.At;
        arguments[2] = s_entry.Id.At;
        arguments[3] = null;
        byte** environment = stackalloc byte*[1];
        environment[0] = null;
        int result = Sys.fcntl(Stage0Entry.LaunchSocket, F_SETFD, 0);
        if (result < 0)
        {
            Failure.Call("fcntl"u8, result);
            return;
        }

        result = Sys.execveat(s_image, CString.Of("\0"u8), arguments, environment, AT_EMPTY_PATH);
        Sys.fcntl(Stage0Entry.LaunchSocket, F_SETFD, FD_CLOEXEC);
        Failure.Call("execveat"u8, "the starter, in the user namespace"u8, result);
    }
}
