using System;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Lets a shared library load under a libstdc++ that lacks version GLIBCXX_3.4.32: the version becomes weak, and the one
/// symbol that needs it is bound to a harmless function of libc. Everything else in the file stays as it is.
/// </summary>
public class LoaderCure : Task
{
    private const string Version = "GLIBCXX_3.4.32";
    private const string Symbol = "_ZSt21ios_base_library_initv";
    private const string Harmless = "sched_yield";
    private const int SectionHeader = 64, SymbolEntry = 24;
    private const uint DynamicSymbols = 11, VersionNeeds = 0x6ffffffe, VersionTable = 0x6fffffff;

    public string Library { get; set; }
    public bool Always { get; set; }

    public override bool Execute()
    {
        if (!Always && SystemHasVersion()) return true;
        byte[] elf = File.ReadAllBytes(Library);
        if (!Cure(elf)) return true;
        // A new file beside it, then a rename: the output may be a hard link to the package's own file.
        string beside = Library + ".cured";
        File.WriteAllBytes(beside, elf);
        File.SetLastWriteTimeUtc(beside, File.GetLastWriteTimeUtc(Library));
        File.Delete(Library);
        File.Move(beside, Library);
        Log.LogMessage(MessageImportance.Normal, "Cured the loader's version requirement in {0}", Library);
        return true;
    }

    private static bool SystemHasVersion()
    {
        string[] folders = { "/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/lib64", "/usr/lib" };
        string path = folders.Select(folder => Path.Combine(folder, "libstdc++.so.6")).FirstOrDefault(File.Exists);
        return path != null && Encoding.ASCII.GetString(File.ReadAllBytes(path)).IndexOf(Version + "\0", StringComparison.Ordinal) >= 0;
    }

    private static bool Cure(byte[] elf)
    {
        if (elf.Length < 64 || elf[0] != 0x7f || elf[1] != 'E' || elf[4] != 2 || elf[5] != 1) return false;   // 64-bit little-endian ELF only
        long sections = (long)U64(elf, 40);
        int count = U16(elf, 60);
        bool Find(uint type, out int section)
        {
            for (int i = 0; i < count; i++)
                if (U32(elf, (int)sections + i * SectionHeader + 4) == type) { section = (int)sections + i * SectionHeader; return true; }
            section = -1;
            return false;
        }
        int Offset(int section) => (int)U64(elf, section + 24);
        int Linked(int section) => Offset((int)sections + (int)U32(elf, section + 40) * SectionHeader);

        if (!Find(VersionNeeds, out int needs) || !Find(DynamicSymbols, out int symbols) || !Find(VersionTable, out int versions)) return false;
        bool changed = false;

        int names = Linked(needs);
        for (int need = Offset(needs); ;)
        {
            int entry = need + (int)U32(elf, need + 8);
            for (int i = 0; i < U16(elf, need + 2); i++)
            {
                if (Text(elf, names + (int)U32(elf, entry + 8)) == Version && (elf[entry + 4] & 2) == 0)
                {
                    elf[entry + 4] |= 2;                                              // VER_FLG_WEAK
                    changed = true;
                }
                entry += (int)U32(elf, entry + 12);
            }
            int next = (int)U32(elf, need + 12);
            if (next == 0) break;
            need += next;
        }

        int strings = Linked(symbols);
        int total = (int)U64(elf, symbols + 32) / SymbolEntry;
        for (int i = 0; i < total; i++)
        {
            int at = strings + (int)U32(elf, Offset(symbols) + i * SymbolEntry);
            if (Text(elf, at) != Symbol) continue;
            Encoding.ASCII.GetBytes(Harmless + "\0").CopyTo(elf, at);
            BitConverter.GetBytes((ushort)1).CopyTo(elf, Offset(versions) + 2 * i);   // VER_NDX_GLOBAL
            changed = true;
        }
        return changed;
    }

    private static string Text(byte[] bytes, int at) => Encoding.ASCII.GetString(bytes, at, Array.IndexOf(bytes, (byte)0, at) - at);
    private static int U16(byte[] bytes, int at) => BitConverter.ToUInt16(bytes, at);
    private static uint U32(byte[] bytes, int at) => BitConverter.ToUInt32(bytes, at);
    private static ulong U64(byte[] bytes, int at) => BitConverter.ToUInt64(bytes, at);
}
