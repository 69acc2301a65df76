"""Names of persons: a given name by sex and a second or family name by island, from short lists.

The lists are common Indonesian names put together for this simulation; no published list is weighted by frequency or
province, so every combination is as likely as another (assumption). A full name is made once and then shared, as in
life. Some are spelt another way, or carry a title.
"""

from functools import cache

import numpy as np
import pyarrow as pa

from simulation.columns import Flags, Floats, integers, strings

MALE = (
    "Agus Budi Slamet Supriyadi Eko Dwi Tri Joko Bambang Hendra Rudi Dedi Asep Ujang Wahyu Rizki Fajar Andi Iwan "
    "Yanto Sutrisno Suparman Muhammad Ahmad Abdul Yusuf Ibrahim Ismail Hasan Rahmat Syahrul Zainal Arif Nur Taufik "
    "Irfan Ridwan Hidayat Markus Yohanes Petrus Paulus Simon Daniel Samuel Wayan Made Nyoman Ketut Putu Gede Komang "
    "Kadek Teguh Sugeng Wawan Dadang Jajang Darmawan Gunawan"
).split()
FEMALE = (
    "Siti Sri Nur Dewi Ratna Wati Yanti Lestari Rahayu Endang Sulastri Suparti Sumiati Ningsih Fitri Indah Puji Rina "
    "Rini Lina Maya Ani Ida Yuni Wahyuni Kartini Aminah Fatimah Khadijah Aisyah Zahra Maryam Halimah Rohani Nurhayati "
    "Hasanah Maria Marta Yuliana Kristina Theresia Elisabet Agustina Veronika Wayan Made Nyoman Ketut Putu Luh Komang "
    "Kadek Tuti Titin Euis Neneng Cucu Iis Eti Nani"
).split()
SECOND = {
    "1": "Siregar Nasution Harahap Lubis Hasibuan Simanjuntak Sitompul Sinaga Ginting Sembiring Tarigan Pulungan "
    "Rangkuti Daulay Saputra Putra Syahputra Chaniago Piliang Koto Tanjung Sikumbang Ramadhan Firmansyah "
    "Ritonga Situmorang Pane",
    "3": "Santoso Wibowo Setiawan Susanto Nugroho Prasetyo Kurniawan Hidayat Saputra Purnomo Hartono Utomo Widodo "
    "Suryadi Maulana Permana Sutisna Kusuma Handayani Pratama Wijaya Rohman Mulyadi Firmansyah Ramadhan "
    "Haryanto Subagyo",
    "5": "Suardana Sudarma Artawan Wirawan Suparta Adnyana Mahendra Suastika Sanjaya Antara Pratama Saputra "
    "Nggadas Lado Bria Seran Nahak Tefa Kase Bere Manek Banunaek",
    "6": "Rahman Saputra Anwar Noor Effendi Syahrani Hamzah Fauzi Arsyad Jaya Usop Ngabang Lawing Ding Apui Jalung "
    "Usat Bilung",
    "7": "Mokodompit Lasut Tumbelaka Wowor Mandagi Lumintang Daeng Syamsuddin Mappa Rahim Baso Saleh Nur Tahir "
    "Arifin Amir Lamusu Hasan Yunus Rauf",
    "8": "Latuconsina Pattiasina Tuasikal Lestaluhu Soumokil Leimena Matulessy Salampessy Umasugi Tehupelasury",
    "9": "Wenda Kogoya Tabuni Yikwa Murib Telenggen Rumbiak Kambu Mandacan Dowansiba Asso Wetipo Mabel Gombo "
    "Wanimbo Kaize Gebze",
}
_SINGLE = 0.15  # share of persons with one name
#: Shares of names written another way, and of grown persons' with a title (assumptions).
_SPELT, _TITLED = 0.06, 0.05
#: Titled are those of so many years at ORIGIN, so that a name never changes.
TITLED_AGE = 25
_MUHAMMAD = ("Mohammad", "Mochammad", "Muhamad", "Mohamad", "Moh.", "Moch.", "M.")
_TITLES = (
    ("H. {}", "Drs. {}", "Ir. {}", "{}, S.Pd", "{}, S.E.", "H. {}, S.Ag", "dr. {}"),
    ("Hj. {}", "Dra. {}", "{}, S.Pd", "{}, S.E.", "Hj. {}, S.Ag", "dr. {}"),
)
_OLD = (("j", "dj"), ("J", "Dj"), ("y", "j"), ("Y", "J"), ("c", "tj"), ("C", "Tj"), ("u", "oe"), ("U", "Oe"))


@cache
def pool(island: str) -> tuple[pa.Array, int, int]:
    """All names of an island (first digit of the province code): how many, how many of them men's, who come first.

    Three times over: plain, written another way, with a title.
    """
    second = SECOND["1" if island == "2" else island].split()
    made: list[str] = []
    men = 0
    for given in (MALE, FEMALE):
        men = len(made)
        for first in given:
            made += [first] * max(1, round(len(second) * _SINGLE)) + [f"{first} {last}" for last in second]
    spelt = [_spelt(name, number, number >= men) for number, name in enumerate(made)]
    titled = [_TITLES[number >= men][number % len(_TITLES[number >= men])].format(n) for number, n in enumerate(made)]
    return strings(made + spelt + titled), len(made), men


def _spelt(name: str, number: int, female: bool) -> str:
    """Another spelling: of Muhammad; else as before 1972, with the father's name, or with the letters apart."""
    if name.startswith("Muhammad"):
        return name.replace("Muhammad", _MUHAMMAD[number % len(_MUHAMMAD)])
    if number % 5 < 3:
        for new, old in _OLD:
            name = name.replace(new, old)
        return name
    if number % 5 == 3:
        first, _, last = name.partition(" ")
        return f"{first} {'binti' if female else 'bin'} {last or MALE[number % len(MALE)]}"
    return " ".join(name.replace(" ", ""))


def column(island: str, uniform: Floats, female: Flags, grown: Flags) -> pa.Array:
    """A name for each uniform number; titles for the grown only."""
    names, whole, men = pool(island)
    low, count = np.where(female, men, 0), np.where(female, whole - men, men)
    exact = uniform * count
    chosen = np.minimum(exact.astype(np.int32), count - 1)
    left = exact - chosen  # as good as another uniform number
    way = np.where(left < _SPELT, 1, np.where(grown & (left > 1 - _TITLED), 2, 0))
    return pa.DictionaryArray.from_arrays(integers((low + chosen + way * whole).astype(np.int32)), names)
