namespace Engine.Starter.Supervisor.Cgroups;

/// <summary>The cgroups directly below a directory, by getdents64. A name is valid until the next call.</summary>
internal unsafe ref struct CgroupEntries
{
    private const int Room = 2048;

    private fixed byte _buffer[Room];
    private readonly int _directory;
    private int _at, _end;

    /// <param name="directory">Opened for reading; stays the caller's.</param>
    public CgroupEntries(int directory)
    {
        _directory = directory;
        _at = 0;
        _end = 0;
    }

    /// <summary>The next one; false at the end.</summary>
    public bool Next(out byte* name)
    {
        // Not moved by anything: this is a ref struct, on the caller's stack.
        fixed (byte* buffer = _buffer)
        {
            while (true)
            {
                if (_at >= _end)
                {
                    long got = Sys.getdents64(_directory, buffer, Room);
                    _at = 0;
                    _end = got > 0 ? (int)got : 0;
                    if (_end == 0)
                    {
                        name = null;
                        return false;
                    }
                }

                linux_dirent64* entry = (linux_dirent64*)(buffer + _at);
                _at += entry->d_reclen;
                if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
                {
                    name = entry->d_name;
                    return true;
                }
            }
        }
    }
}
