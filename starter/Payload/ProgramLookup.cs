using Engine.Shared.Wire;
using Engine.Starter.Container;
using Engine.Starter.Server;

namespace Engine.Starter.Payload;

/// <summary>
/// Finds the program of args[0] in the container, so that a missing one fails the create and not the start. Whether the payload's user
/// may execute it is execve's to say.
/// </summary>
internal static unsafe class ProgramLookup
{
    private const uint AnyExecute = S_IXUSR | S_IXGRP | S_IXOTH;

    private struct PathBuffer
    {
        public fixed byte Bytes[PATH_MAX];
    }

    private static PathBuffer s_path;

    // What execvp does with an environment without PATH.
    private static ReadOnlySpan<byte> DefaultPath => "/bin:/usr/bin"u8;

    /// <summary>What execve gets as its path; valid after <see cref="Find"/>.</summary>
    public static byte* Program { get; private set; }

    /// <summary>
    /// Looks args[0] up: as a path when it has a slash (relative to the plan's working directory), else in each absolute directory of PATH.
    /// </summary>
    public static bool Find()
    {
        byte* name = PayloadPlan.Args[0];
        ReadOnlySpan<byte> text = CString.Span(name);
        Program = name;
        int result;
        if (text.Length == 0)
            result = -ENOENT;
        else if (text.IndexOf((byte)'/') < 0)
            result = Search(text);
        else if (text[0] == '/')
            result = Check(new Text(name, text.Length));
        else
            result = CheckIn(CString.Span(PayloadPlan.Plan.Cwd.At), text);
        return result == 0 || Failure.Call("execve"u8, new Text(name, text.Length), result);
    }

    private static int Search(ReadOnlySpan<byte> name)
    {
        byte* variable = PayloadPlan.Variable("PATH"u8);
        ReadOnlySpan<byte> path = variable != null ? CString.Span(variable) : DefaultPath;
        int outcome = -ENOENT;
        while (path.Length > 0)
        {
            int colon = path.IndexOf((byte)':');
            ReadOnlySpan<byte> directory = colon < 0 ? path : path.Slice(0, colon);
            path = colon < 0 ? default : path.Slice(colon + 1);
            // An empty or relative entry would mean the working directory: a program planted there is not what was asked for.
            if (directory.Length == 0 || directory[0] != '/')
                continue;
            int result = CheckIn(directory, name);
            if (result == 0)
            {
                fixed (byte* found = s_path.Bytes)
                    Program = found;
                return 0;
            }

            // "There, but not executable" is the better message, as long as nothing better comes.
            if (result != -ENOENT && result != -ENOTDIR)
                outcome = result;
        }

        return outcome;
    }

    private static int CheckIn(ReadOnlySpan<byte> directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* buffer = s_path.Bytes)
        {
            TextBuilder path = new TextBuilder(buffer, PATH_MAX);
            path.Append(directory);
            path.AppendPath(name);
            return path.Overflowed ? -ENAMETOOLONG : Check(new Text(path.Text, path.Length));
        }
    }

    private static int Check(Text path)
    {
        int fd = RootPath.TryFind(path);
        if (fd < 0)
            return fd;
        stat status;
        int result = Sys.fstat(fd, &status);
        Sys.close(fd);
        if (result < 0)
            return result;
        return (status.st_mode & S_IFMT) == S_IFREG && (status.st_mode & AnyExecute) != 0 ? 0 : -EACCES;
    }
}
