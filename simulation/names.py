"""Names of persons: a given name by sex and a second or family name by island, from short lists.

The lists are common Indonesian names put together for this simulation; no published list is weighted by frequency or
province, so every combination is as likely as another (assumption). A full name is made once and then shared, as in
life.
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


@cache
def pool(island: str) -> tuple[pa.Array, int]:
    """All full names of an island (first digit of the province code), men's first; and how many are men's."""
    second = SECOND["1" if island == "2" else island].split()
    made = []
    for given in (MALE, FEMALE):
        for first in given:
            made += [first] * max(1, round(len(second) * _SINGLE)) + [f"{first} {last}" for last in second]
    men = len(made) * len(MALE) // (len(MALE) + len(FEMALE))
    return strings(made), men


def column(island: str, uniform: Floats, female: Flags) -> pa.Array:
    """A name for each uniform number."""
    names, men = pool(island)
    low, count = np.where(female, men, 0), np.where(female, len(names) - men, men)
    chosen = low + np.minimum((uniform * count).astype(np.int32), count - 1)
    return pa.DictionaryArray.from_arrays(integers(chosen.astype(np.int32)), names)
